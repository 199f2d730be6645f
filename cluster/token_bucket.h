// How much of something costly may happen in some time, whatever others ask for: a token bucket
// that holds what one interval gives.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/types.h"

namespace muster {

class TokenBucket {
 public:
  TokenBucket(std::uint32_t size, DurationNs interval_ns)
      : size_(size), left_(size), interval_ns_(interval_ns) {}

  /// How many of `wanted` there are now; they count as used.
  std::uint32_t grant(TimeNs now, std::uint32_t wanted) {
    refill(now);
    const std::uint32_t granted = std::min(wanted, left_);
    left_ -= granted;
    return granted;
  }
  /// So many of what was granted were not needed.
  void give_back(std::uint32_t tokens) { left_ = std::min(size_, left_ + tokens); }

 private:
  void refill(TimeNs now) {
    const DurationNs elapsed = now - std::min(now, filled_ns_);
    if (elapsed >= interval_ns_) {
      left_ = size_;
      filled_ns_ = now;
    } else if (const std::uint64_t earned = elapsed * size_ / interval_ns_; earned > 0) {
      left_ = std::min(size_, left_ + static_cast<std::uint32_t>(earned));
      filled_ns_ += earned * interval_ns_ / size_;
    }
  }

  std::uint32_t size_;
  std::uint32_t left_;
  DurationNs interval_ns_;
  TimeNs filled_ns_ = 0;
};

}  // namespace muster
