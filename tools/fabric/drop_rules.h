// One-shot rules: "drop the next K packets that match".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tools/fabric/frame_info.h"

namespace muster::fabric {

/// What is not set matches everything. With `to` it drops the copies that leave by that port;
/// without, the frame itself on its way in, so that nobody gets it.
struct DropRule {
  std::optional<PacketKind> kind;
  std::optional<PortIndex> from;
  std::optional<PortIndex> to;
  std::uint64_t count = 1;  ///< how many are still to be dropped
};

/// Spent rules vanish; the earliest rule that matches is the one that is spent.
class DropRules {
 public:
  static constexpr std::size_t rules_max = 64;

  DropRules() { rules_.reserve(rules_max); }

  /// False: there are rules_max already.
  bool add(const DropRule& rule) {
    if (rules_.size() == rules_max) return false;
    rules_.push_back(rule);
    return true;
  }
  /// Spends one of a matching rule's count. `to` is not set for a frame on its way in.
  bool drops(PacketKind kind, PortIndex from, std::optional<PortIndex> to) {
    const auto match = std::find_if(rules_.begin(), rules_.end(), [&](const DropRule& rule) {
      return rule.to == to && rule.from.value_or(from) == from && rule.kind.value_or(kind) == kind;
    });
    if (match == rules_.end()) return false;
    if (--match->count == 0) rules_.erase(match);
    return true;
  }
  std::span<const DropRule> pending() const { return rules_; }

 private:
  std::vector<DropRule> rules_;
};

}  // namespace muster::fabric
