// How many packets of answers may go out: whatever many readers ask for, the rest of the member's
// work gets its turn (I5). A token bucket that holds a millisecond's worth.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/config.h"

namespace muster {

class AnswerBudget {
 public:
  explicit AnswerBudget(std::uint32_t packets_per_ms)
      : packets_per_ms_(packets_per_ms), left_(packets_per_ms) {}

  /// How many of `wanted` packets may go out now; they count as sent.
  std::uint32_t grant(TimeNs now, std::uint32_t wanted) {
    refill(now);
    const std::uint32_t granted = std::min(wanted, left_);
    left_ -= granted;
    return granted;
  }
  /// So many of what was granted were not needed.
  void give_back(std::uint32_t packets) { left_ = std::min(packets_per_ms_, left_ + packets); }

 private:
  void refill(TimeNs now) {
    const DurationNs elapsed = now - std::min(now, filled_ns_);
    if (elapsed >= ms) {
      left_ = packets_per_ms_;
      filled_ns_ = now;
    } else if (const std::uint64_t earned = elapsed * packets_per_ms_ / ms; earned > 0) {
      left_ = std::min(packets_per_ms_, left_ + static_cast<std::uint32_t>(earned));
      filled_ns_ += earned * ms / packets_per_ms_;
    }
  }

  std::uint32_t packets_per_ms_;
  std::uint32_t left_;
  TimeNs filled_ns_ = 0;
};

}  // namespace muster
