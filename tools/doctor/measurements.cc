#include "tools/doctor/measurements.h"

#include <fstream>

#include "tools/measure/bounce.h"
#include "tools/measure/machine.h"

namespace muster::doctor {

Measurements take_measurements(const Plan& plan,
                               const std::function<void(const std::string&)>& progress) {
  Measurements measured;
  measure::pin_this_thread(plan.cores.first);
  progress("a core that spins: what takes it away");
  const measure::MachineWatch watch;
  measured.jitter = measure_jitter(plan.jitter_ns);
  measured.stolen = watch.state().steal;
  measured.clock_ns = measure_clock_ns();
  progress("memory, in ordinary and in huge pages");
  measured.memory_ns = measure_memory_ns(false).value_or(0);
  measured.huge_memory_ns = measure_memory_ns(true);
  progress("the kernel's sockets over the loopback");
  measured.loopback = measure_loopback(plan.cores);
  if (plan.alone) return measured;
  progress("a cache line between two cores");
  measured.line_ns = measure::line_rtt_ns(plan.cores);
  if (plan.siblings) measured.sibling_slowdown = measure_slowdown(plan.cores);
  return measured;
}

}  // namespace muster::doctor
