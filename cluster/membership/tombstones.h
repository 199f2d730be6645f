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

  void add(const MemberKey& removed) {
    const auto [at, added] = last_.try_emplace(removed.id, removed.incarnation);
    if (!added) {
      at->second = std::max(at->second, removed.incarnation);
      order_.erase(std::ranges::find(order_, removed.id));  // the latest removed go last
    }
    order_.push_back(removed.id);
    if (order_.size() <= entries_max_) return;
    last_.erase(order_.front());
    order_.pop_front();
  }
  /// The highest incarnation removed; 0: none.
  Incarnation last(MemberId id) const {
    const auto found = last_.find(id);
    return found == last_.end() ? 0 : found->second;
  }

 private:
  std::size_t entries_max_;
  std::unordered_map<MemberId, Incarnation> last_;
  std::deque<MemberId> order_;
};

}  // namespace muster
