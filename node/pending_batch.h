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

/// Of each path only the last change is kept (of each incarnation), so a batch is never larger than
/// the owner's tree, however often a path changes before the end.
class PendingBatch {
 public:
  void add(BindingChanged&& change) {
    if (const auto known = latest_.find(change.path); known != latest_.end()) {
      const auto outdated = known->second;
      latest_.erase(known);
      if (outdated->owner == change.owner) changes_.erase(outdated);
    }
    changes_.push_back(std::move(change));
    latest_.emplace(changes_.back().path, std::prev(changes_.end()));
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
