// The latest changes of the own tree, each as it was made, for advertisements and their repair.
// Bounded in bytes: what no longer fits is forgotten, and receivers that miss it find a gap.
#pragma once

#include <deque>

#include "cluster/directory/content.h"

namespace muster {

class ChangeLog {
 public:
  explicit ChangeLog(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// The version that follows the last one added.
  void add(StoredChange change) {
    bytes_ += change.memory();
    changes_.push_back(std::move(change));
    for (; bytes_ > bytes_max_; changes_.pop_front()) bytes_ -= changes_.front().memory();
  }
  /// The last change added is the last of its batch.
  void end_batch() {
    if (!changes_.empty()) changes_.back().more = false;
  }
  /// nullptr: not made yet, or forgotten.
  const StoredChange* find(Version version) const {
    if (changes_.empty() || version < changes_.front().version || version > changes_.back().version)
      return nullptr;
    return &changes_[version - changes_.front().version];
  }
  /// The oldest that is not forgotten; 0: none is left.
  Version first() const { return changes_.empty() ? 0 : changes_.front().version; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_max_;
  std::deque<StoredChange> changes_;
  std::size_t bytes_ = 0;
};

}  // namespace muster
