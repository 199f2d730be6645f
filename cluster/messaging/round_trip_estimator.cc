#include "cluster/messaging/round_trip_estimator.h"

#include <algorithm>

namespace muster {
namespace {

/// After three quarters as many samples it may have doubled.
constexpr DurationNs lowest_forgotten_in = 256;

}  // namespace

RoundTripEstimator::RoundTripEstimator(DurationNs timeout_min_ns, DurationNs timeout_max_ns)
    : timeout_min_ns_(std::max<DurationNs>(timeout_min_ns, 1)),
      timeout_max_ns_(std::max(timeout_max_ns, timeout_min_ns_)),
      timeout_ns_(bounded(initial_timeout_ns)) {}

void RoundTripEstimator::sample(DurationNs round_trip_ns) {
  if (!sampled_) {  // RFC 6298, 2.2
    sampled_ = true;
    lowest_ns_ = round_trip_ns;
    smoothed_ns_ = round_trip_ns;
    variation_ns_ = round_trip_ns / 2;
  } else {  // RFC 6298, 2.3: alpha 1/8, beta 1/4, the variation first
    const DurationNs error_ns =
        std::max(smoothed_ns_, round_trip_ns) - std::min(smoothed_ns_, round_trip_ns);
    variation_ns_ = (3 * variation_ns_ + error_ns) / 4;
    smoothed_ns_ = (7 * smoothed_ns_ + round_trip_ns) / 8;
  }
  lowest_ns_ = std::min(lowest_ns_ + lowest_ns_ / lowest_forgotten_in, round_trip_ns);
  timeout_ns_ = bounded(smoothed_ns_ + 4 * variation_ns_);
}

std::optional<DurationNs> RoundTripEstimator::smoothed_ns() const {
  if (!sampled_) return std::nullopt;
  return smoothed_ns_;
}

DurationNs RoundTripEstimator::bounded(DurationNs timeout_ns) const {
  return std::clamp(timeout_ns, timeout_min_ns_, std::max(timeout_max_ns_, 2 * smoothed_ns_));
}

}  // namespace muster
