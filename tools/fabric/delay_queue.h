// What is under way, in the order in which it becomes due.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cluster/types.h"

namespace muster::fabric {

/// Bounded. Items that are due at one time come out in the order they went in. Allocates at
/// construction only.
template <class Item>
class DelayQueue {
 public:
  explicit DelayQueue(std::size_t items_max) : items_max_(items_max) { heap_.reserve(items_max); }

  bool full() const { return heap_.size() == items_max_; }
  std::size_t size() const { return heap_.size(); }
  /// never_ns when it is empty.
  TimeNs next_due() const { return heap_.empty() ? never_ns : heap_.front().due; }

  /// Call only when it is not full().
  void push(TimeNs due, Item item) {
    heap_.push_back({due, pushed_++, std::move(item)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  /// Call only when it is not empty.
  Item pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Item item = std::move(heap_.back().item);
    heap_.pop_back();
    return item;
  }

 private:
  struct Entry {
    TimeNs due;
    std::uint64_t order;
    Item item;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.due != b.due ? a.due > b.due : a.order > b.order;
  }

  std::size_t items_max_;
  std::uint64_t pushed_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace muster::fabric
