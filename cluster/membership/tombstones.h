// The removed: which incarnation of each was the last, so that nothing of it comes back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <unordered_map>

#include "cluster/types.h"

namespace muster {

class Tombstones {
 public:
  explicit Tombstones(std::size_t entries_max) : entries_max_(entries_max) {}

  /// `died`: so this member has found, and it may be wrong.
  void add(const MemberKey& removed, bool died) {
    const auto [at, added] = last_.try_emplace(removed.id);
    if (!added) order_.erase(std::ranges::find(order_, removed.id));
    died_ -= at->second.died ? 1 : 0;
    died_ += died ? 1 : 0;
    at->second = {std::max(at->second.incarnation, removed.incarnation), died};
    order_.push_back(removed.id);  // the latest removed go last
    if (order_.size() <= entries_max_) return;
    came_back(order_.front());
    last_.erase(order_.front());
    order_.pop_front();
  }
  /// The highest incarnation removed; 0: none.
  Incarnation last(MemberId id) const {
    const auto found = last_.find(id);
    return found == last_.end() ? 0 : found->second.incarnation;
  }
  bool has_died(MemberId id) const {
    const auto found = last_.find(id);
    return found != last_.end() && found->second.died;
  }
  /// How many have died, and have not come back as another incarnation.
  std::size_t died() const { return died_; }
  /// Whoever has died so far has died for good: it counts no more.
  void bury() {
    for (auto& [id, removed] : last_) removed.died = false;
    died_ = 0;
  }
  void came_back(MemberId id) {
    const auto found = last_.find(id);
    if (found == last_.end() || !found->second.died) return;
    found->second.died = false;
    --died_;
  }
  /// Whoever has died may come back as it was.
  void forget_died() {
    std::erase_if(order_, [this](MemberId id) { return last_.at(id).died; });
    std::erase_if(last_, [](const auto& removed) { return removed.second.died; });
    died_ = 0;
  }

 private:
  struct Removed {
    Incarnation incarnation = 0;
    bool died = false;
  };

  std::size_t entries_max_;
  std::unordered_map<MemberId, Removed> last_;
  std::deque<MemberId> order_;
  std::size_t died_ = 0;
};

}  // namespace muster
