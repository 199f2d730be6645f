// The clocks of this machine, for this floor and the ones above it.
#pragma once

#include <chrono>

#include "cluster/types.h"

namespace muster {

/// Monotonic; no system call.
inline TimeNs monotonic_ns() {
  return static_cast<TimeNs>(std::chrono::steady_clock::now().time_since_epoch() /
                             std::chrono::nanoseconds(1));
}

/// Nanoseconds of wall time, which grow from one start of a member to the next.
inline Incarnation wall_ns() {
  return static_cast<Incarnation>(std::chrono::system_clock::now().time_since_epoch() /
                                  std::chrono::nanoseconds(1));
}

}  // namespace muster
