// How long an acknowledgement may take before the packet counts as lost.
#pragma once

#include <optional>

#include "cluster/types.h"

namespace muster {

/// RFC 6298 in nanoseconds, without its clock granularity: the lower bound stands for it.
class RoundTripEstimator {
 public:
  /// Before the first sample; within the bounds given.
  static constexpr DurationNs initial_timeout_ns = 10'000'000;

  RoundTripEstimator(DurationNs timeout_min_ns, DurationNs timeout_max_ns);

  /// A round trip, measured on a packet that was sent once only: an acknowledgement of a packet
  /// that was sent twice does not tell which of the two it means (Karn; RFC 6298, section 3).
  void sample(DurationNs round_trip_ns);
  /// Above the upper bound only up to twice a smoothed round trip: no timeout is shorter than the
  /// line is, and one pause makes none much longer.
  DurationNs timeout_ns() const { return timeout_ns_; }
  /// nullopt before the first sample.
  std::optional<DurationNs> smoothed_ns() const;
  /// Of lately; 0 before the first sample. A line that has become longer is learnt within some
  /// hundred samples.
  DurationNs lowest_ns() const { return lowest_ns_; }

 private:
  DurationNs bounded(DurationNs timeout_ns) const;

  DurationNs timeout_min_ns_;
  DurationNs timeout_max_ns_;
  bool sampled_ = false;
  DurationNs smoothed_ns_ = 0;
  DurationNs lowest_ns_ = 0;
  DurationNs variation_ns_ = 0;
  DurationNs timeout_ns_;
};

}  // namespace muster
