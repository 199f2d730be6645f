// Which cores a measurement runs on.
#pragma once

namespace muster::measure {

/// Two different cores.
struct Cores {
  int first = 0;
  int second = 0;
};

/// The first two that the process may run on (taskset narrows them down). Throws
/// std::runtime_error where there is only one: figures across threads would mean nothing.
Cores two_cores();

/// Throws std::system_error where the process may not run on `core`.
void pin_this_thread(int core);

}  // namespace muster::measure
