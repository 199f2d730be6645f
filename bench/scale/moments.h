// When the members of a cluster were told what.
#pragma once

#include <vector>

#include "cluster/events.h"
#include "sim/event_queue.h"

namespace muster::bench {

/// Of all members together, since somebody cleared it.
struct Moments {
  std::vector<TimeNs> joined;
  std::vector<TimeNs> bound;
  std::vector<TimeNs> synchronized;
  std::vector<TimeNs> died;
  std::uint64_t suspected = 0;
  std::uint64_t died_alive = 0;  ///< removals of members that live; not in `died`

  void clear() { *this = {}; }
};

}  // namespace muster::bench
