// When the messages of an open loop are due: fixed in advance, whatever becomes of the earlier
// ones.
#pragma once

#include <cstdint>

#include "cluster/types.h"

namespace muster::bench {

/// Message k is due k intervals after the start, to the nearest nanosecond. Latency counts from
/// there, so that a message that had to wait to be sent is not excused (Tene, "How NOT to Measure
/// Latency", 2015: coordinated omission).
class Schedule {
 public:
  Schedule(TimeNs start_ns, double interval_ns) : start_ns_(start_ns), interval_ns_(interval_ns) {}

  TimeNs due_ns(std::uint64_t number) const {
    return start_ns_ + static_cast<TimeNs>(static_cast<double>(number) * interval_ns_ + 0.5);
  }
  /// How many are due at `now_ns` or before.
  std::uint64_t due_by(TimeNs now_ns) const {
    if (now_ns < start_ns_) return 0;
    auto count =
        static_cast<std::uint64_t>(static_cast<double>(now_ns - start_ns_) / interval_ns_) + 1;
    // The division may come out on either side of a message that is due just now.
    while (due_ns(count) <= now_ns) ++count;
    while (count > 0 && due_ns(count - 1) > now_ns) --count;
    return count;
  }

 private:
  TimeNs start_ns_;
  double interval_ns_;
};

}  // namespace muster::bench
