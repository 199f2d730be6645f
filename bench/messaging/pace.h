// How a process of a pair goes through time.
#pragma once

#include "cluster/types.h"
#include "node/clock.h"

namespace muster::bench {

struct Pace {
  bool yields = false;  ///< the core, whenever there is nothing to do, since others need it
  /// The same clock in both processes.
  TimeNs (*now_ns)() = monotonic_ns;
};

}  // namespace muster::bench
