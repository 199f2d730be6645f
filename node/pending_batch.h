// What one owner has changed and the application does not see yet: a batch before its end.
#pragma once

#include <iterator>
#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "node/event.h"

namespace muster {

/// Of each path only the last change is kept (of each incarnation).
class PendingBatch {
 public:
  void add(BindingChanged&& change) {
    drop(change);
    changes_.push_back(std::move(change));
    latest_.emplace(changes_.back().path, std::prev(changes_.end()));
  }
  /// Forgets what there is of its path: `change` makes it as if it had never been.
  void drop(const BindingChanged& change) {
    const auto known = latest_.find(change.path);
    if (known == latest_.end()) return;
    const auto outdated = known->second;
    latest_.erase(known);
    if (outdated->owner == change.owner) changes_.erase(outdated);
  }
  /// In the order in which they were made.
  std::vector<BindingChanged> take() {
    return {std::move_iterator(changes_.begin()), std::move_iterator(changes_.end())};
  }

 private:
  std::list<BindingChanged> changes_;
  std::unordered_map<std::string_view, std::list<BindingChanged>::iterator> latest_;
};

}  // namespace muster
