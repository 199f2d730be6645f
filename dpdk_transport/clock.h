// The clock of this floor: for its patience with ports and neighbours.
#pragma once

#include <chrono>

#include "cluster/types.h"

namespace muster::dpdk {

/// Monotonic; no system call.
inline TimeNs now_ns() {
  return static_cast<TimeNs>(std::chrono::steady_clock::now().time_since_epoch() /
                             std::chrono::nanoseconds(1));
}

}  // namespace muster::dpdk
