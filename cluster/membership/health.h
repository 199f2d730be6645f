// How far this member trusts itself: who was late, or accused somebody who lived, doubts itself
// before others (the local health of Lifeguard: Dadgar, Phillips, Currey, 2017).
#pragma once

#include <cstdint>

#include "cluster/types.h"

namespace muster {

/// docs/protocol.md §5.8.
class Health {
 public:
  static constexpr std::uint32_t score_max = 3;

  /// After so long without blame the score falls by one.
  explicit Health(DurationNs recovery_ns) : recovery_ns_(recovery_ns) {}

  /// Something speaks for it that this member, and not another, is the trouble.
  void blame(TimeNs now) {
    if (score_ < score_max) ++score_;
    since_ns_ = now;
  }
  /// This member has done in time what it had to do. True when the score has fallen.
  bool prove(TimeNs now) {
    if (score_ == 0 || now < since_ns_ + recovery_ns_) return false;
    --score_;
    since_ns_ = now;
    return true;
  }

  /// 0: healthy.
  std::uint32_t score() const { return score_; }
  /// How long a member of this health waits where a healthy one waits for `timeout_ns`.
  DurationNs stretch(DurationNs timeout_ns) const { return timeout_ns * (1 + score_); }

 private:
  DurationNs recovery_ns_;
  std::uint32_t score_ = 0;
  TimeNs since_ns_ = 0;  // the last change or blame
};

}  // namespace muster
