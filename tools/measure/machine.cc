#include "tools/measure/machine.h"

#include <fstream>
#include <string>

namespace muster::measure {

namespace {

ProcessorTicks ticks_now() {
  std::ifstream stat("/proc/stat");
  return read_ticks(stat);
}

}  // namespace

ProcessorTicks read_ticks(std::istream& stat) {
  // "cpu" user nice system idle iowait irq softirq steal; guests' time is in user's already.
  constexpr int fields = 8;
  std::string name;
  ProcessorTicks ticks;
  stat >> name;
  for (int field = 1; field <= fields; ++field) {
    std::uint64_t value = 0;
    if (!(stat >> value)) return {};
    ticks.all += value;
    if (field == fields) ticks.stolen = value;
  }
  return ticks;
}

MachineWatch::MachineWatch() : begin_(ticks_now()) {}

MachineState MachineWatch::state() const {
  MachineState state;
  std::ifstream("/proc/loadavg") >> state.load;
  const ProcessorTicks now = ticks_now();
  if (now.all > begin_.all) {
    state.steal =
        static_cast<double>(now.stolen - begin_.stolen) / static_cast<double>(now.all - begin_.all);
  }
  return state;
}

}  // namespace muster::measure
