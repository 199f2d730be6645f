// When many ask for the same, one multicast serves them better than an answer to each
// (docs/protocol.md §6.9). Counts those who ask for what follows one version within one window.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cluster/types.h"

namespace muster {

class Repair {
 public:
  /// A repair may be lost, as what it repairs was. But what takes many packets can be missed again
  /// and again: after so many times whoever asks is answered.
  static constexpr std::uint32_t times_max = 3;

  enum class Verdict : std::uint8_t {
    answer,   ///< point-to-point
    repeat,   ///< advertise it once more, to all
    covered,  ///< that has been done a moment ago
  };
  /// `by` asks for what follows `since`, which is greater than 0. So many who do are `threshold`.
  Verdict asked(TimeNs now, const Endpoint& by, Version since, std::size_t threshold,
                DurationNs window_ns) {
    if (since == repeated_ && now < covered_until_ns_) return Verdict::covered;
    if (since < repeated_ || (since == repeated_ && times_ == times_max)) return Verdict::answer;
    // One who missed an earlier loss's answer does not end the count of those who miss this one.
    if (since < since_ && now < ends_ns_) return Verdict::answer;
    if (since != since_ || now >= ends_ns_) {
      since_ = since;
      ends_ns_ = now + window_ns;
      requesters_.clear();
    }
    if (std::ranges::find(requesters_, by) == requesters_.end()) requesters_.push_back(by);
    if (requesters_.size() < threshold) return Verdict::answer;
    return Verdict::repeat;
  }
  /// What follows `since`, asked for last, has been advertised once more.
  void repeated(Version since) {
    times_ = since == repeated_ ? times_ + 1 : 1;
    repeated_ = since;
    covered_until_ns_ = ends_ns_;
  }

 private:
  Version since_ = 0;
  Version repeated_ = 0;
  std::uint32_t times_ = 0;
  TimeNs ends_ns_ = 0;           ///< of the window in which those who ask are counted
  TimeNs covered_until_ns_ = 0;  ///< of the one in which `repeated_` was
  std::vector<Endpoint> requesters_;
};

}  // namespace muster
