// A server's own clock: an offset and a drift away from the world's.
#pragma once

#include <cstdint>

#include "cluster/types.h"

namespace muster::sim {

class DriftingClock {
 public:
  DriftingClock() = default;
  DriftingClock(DurationNs offset_ns, std::int64_t drift_ppm)
      : offset_ns_(offset_ns), drift_ppm_(drift_ppm) {}

  TimeNs local(TimeNs world) const {
    const auto drift = static_cast<std::int64_t>(world) * drift_ppm_ / 1'000'000;
    return offset_ns_ + static_cast<TimeNs>(static_cast<std::int64_t>(world) + drift);
  }
  /// The first moment of the world at which this clock shows `local_time` or later.
  TimeNs world(TimeNs local_time) const {
    if (local_time <= offset_ns_) return 0;
    const TimeNs elapsed = local_time - offset_ns_;
    if (elapsed > horizon_ns) return never_ns;
    TimeNs guess = elapsed * 1'000'000 / static_cast<TimeNs>(1'000'000 + drift_ppm_);
    while (local(guess) < local_time) ++guess;
    return guess;
  }

 private:
  static constexpr DurationNs horizon_ns = 10'000'000'000'000;  // no simulation lasts so long

  DurationNs offset_ns_ = 0;
  std::int64_t drift_ppm_ = 0;
};

}  // namespace muster::sim
