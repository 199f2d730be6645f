// The lowest round trip of the last while: what the line takes when nothing waits in it.
#pragma once

#include <algorithm>

#include "cluster/types.h"

namespace muster {

/// A minimum over a sliding window in two halves: a sample is forgotten when it is between half a
/// window and a whole one old, so that a line that has become longer is learnt.
class LowestRoundTrip {
 public:
  /// Long lines keep it longer: whoever looks for the lowest again has to be still for some round
  /// trips, and that must stay rare.
  explicit LowestRoundTrip(DurationNs kept_ns) : half_ns_(std::max<DurationNs>(kept_ns / 2, 1)) {}

  void sample(TimeNs now, DurationNs round_trip_ns) {
    if (const DurationNs age_ns = now - half_began_ns_; !known() || age_ns >= half_ns()) {
      earlier_ns_ = age_ns < 2 * half_ns() ? recent_ns_ : never_ns;
      recent_ns_ = never_ns;
      half_began_ns_ = now;
    }
    recent_ns_ = std::min(recent_ns_, round_trip_ns);
  }

  bool known() const { return ns() != never_ns; }
  /// never_ns before the first sample.
  DurationNs ns() const { return std::min(earlier_ns_, recent_ns_); }
  DurationNs half_ns() const {
    return known() ? std::max(half_ns_, round_trips_min * ns()) : half_ns_;
  }

 private:
  static constexpr DurationNs round_trips_min = 256;

  const DurationNs half_ns_;
  TimeNs half_began_ns_ = 0;
  DurationNs earlier_ns_ = never_ns;
  DurationNs recent_ns_ = never_ns;
};

}  // namespace muster
