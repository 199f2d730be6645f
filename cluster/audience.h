// Who hears what a member says to the group: whoever its address reaches, and a copy for each of
// the others (docs/protocol.md §4.5).
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "cluster/types.h"

namespace muster {

class Audience {
 public:
  /// Nobody but the group.
  explicit Audience(const Endpoint& group = {}, bool multicast = true)
      : group_(group), multicast_(multicast) {}

  const Endpoint& group() const { return group_; }
  /// This member hears the group, and what it says there is heard.
  bool multicast() const { return multicast_; }
  /// What it takes to reach all.
  std::size_t packets() const { return copies_.size() + (multicast_ ? 1 : 0); }
  /// Do these two hear each other by way of the group?
  bool reaches(bool hears_group) const { return multicast_ && hears_group; }

  void include(const Endpoint& member) {
    if (!includes(member)) copies_.push_back(member);
  }
  void exclude(const Endpoint& member) { std::erase(copies_, member); }
  bool includes(const Endpoint& member) const {
    return std::ranges::find(copies_, member) != copies_.end();
  }
  /// Whom the group's address does not reach.
  std::span<const Endpoint> copies() const { return copies_; }

 private:
  Endpoint group_;
  bool multicast_;
  std::vector<Endpoint> copies_;
};

}  // namespace muster
