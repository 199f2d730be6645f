// How busy the machine is: what any figure is to be read beside.
#pragma once

#include <cstdint>
#include <istream>

namespace muster::measure {

struct MachineState {
  double load = 0;   ///< runnable threads, averaged over the last minute
  double steal = 0;  ///< share of the processors' time that the host gave to others
};

/// What /proc/stat says of all processors together, in ticks since the machine started.
struct ProcessorTicks {
  std::uint64_t all = 0;
  std::uint64_t stolen = 0;
};
/// From the first line of /proc/stat; zeros where it is not there.
ProcessorTicks read_ticks(std::istream& stat);

/// The state since it was made: of the time of one measurement.
class MachineWatch {
 public:
  MachineWatch();
  MachineState state() const;

 private:
  ProcessorTicks begin_;
};

}  // namespace muster::measure
