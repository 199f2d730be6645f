// A polling loop's account of itself.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "cluster/types.h"
#include "node/stats.h"

namespace muster {

/// A loop reads the clock once in each cycle, at its beginning, and tells it here. A stall is a
/// beginning that comes too long after the one before: the cycle itself took so long, or the loop
/// was away between two cycles. begin() by the loop's thread, stalls() by any thread.
class DutyCycle {
 public:
  explicit DutyCycle(DurationNs stall_threshold_ns) : stall_threshold_ns_(stall_threshold_ns) {}

  /// For how long the loop was away, or 0 where that was no more than work takes.
  DurationNs begin(TimeNs now) {
    const DurationNs since_ns = began_ns_ != 0 && now > began_ns_ ? now - began_ns_ : 0;
    if (since_ns > stall_threshold_ns_) stalled(since_ns);
    began_ns_ = now;
    return since_ns >= away_min_ns ? since_ns : 0;
  }

  /// The loop means to be away: only what comes after `until` is late.
  void sleep_until(TimeNs until) { began_ns_ = until == never_ns ? 0 : std::max(began_ns_, until); }

  StallStats stalls() const {
    return {.count = count_.load(std::memory_order_relaxed),
            .longest_ns = longest_ns_.load(std::memory_order_relaxed),
            .last_ns = last_ns_.load(std::memory_order_relaxed)};
  }

 private:
  /// Longer than what an application does between two polls, as a rule, and shorter than any
  /// scheduler's turn. Whoever is away so long, again and again, hides the line's queues.
  static constexpr DurationNs away_min_ns = 500'000;

  void stalled(DurationNs duration_ns) {
    count_.fetch_add(1, std::memory_order_relaxed);
    last_ns_.store(duration_ns, std::memory_order_relaxed);
    if (duration_ns > longest_ns_.load(std::memory_order_relaxed))
      longest_ns_.store(duration_ns, std::memory_order_relaxed);
  }

  const DurationNs stall_threshold_ns_;
  TimeNs began_ns_ = 0;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<DurationNs> longest_ns_{0};
  std::atomic<DurationNs> last_ns_{0};
};

}  // namespace muster
