// For how long threads were away together: those that were so at the same time, once.
#pragma once

#include <algorithm>

#include "cluster/types.h"

namespace muster {

class Absences {
 public:
  /// How much of one, which ended at `until_ns`, has not been counted yet. They are told as threads
  /// come back, so one that began before may be told later.
  DurationNs add(TimeNs until_ns, DurationNs away_ns) {
    const TimeNs from_ns = until_ns - away_ns;
    if (from_ns >= until_ns_ || until_ns <= from_ns_) {
      if (until_ns > until_ns_) {
        from_ns_ = from_ns;
        until_ns_ = until_ns;
      }
      return away_ns;
    }
    const DurationNs counted_ns = until_ns_ - from_ns_;
    from_ns_ = std::min(from_ns_, from_ns);
    until_ns_ = std::max(until_ns_, until_ns);
    return until_ns_ - from_ns_ - counted_ns;
  }

 private:
  // The last that was counted, with those that touch it.
  TimeNs from_ns_ = 0;
  TimeNs until_ns_ = 0;
};

}  // namespace muster
