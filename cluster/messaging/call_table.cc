#include "cluster/messaging/call_table.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace muster {

CallTable::CallTable(std::size_t calls_max)
    : entries_(calls_max),
      buckets_(std::bit_ceil(std::max<std::size_t>(calls_max, 1))),
      free_(entries_.begin(), entries_.end()),
      by_id_(ById::bucket_traits(buckets_.data(), buckets_.size())) {}

bool CallTable::accepts(CallId id) const { return !free_.empty() && !by_id_.count(id); }

void CallTable::insert(CallId id, MemberId callee, TimeNs deadline) {
  assert(accepts(id));
  Entry& entry = free_.front();
  free_.pop_front();
  entry.id = id;
  entry.callee = callee;
  entry.deadline = deadline;
  by_id_.insert(entry);
  by_deadline_.insert(entry);
}

bool CallTable::erase(CallId id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  erase(*found);
  return true;
}

bool CallTable::answer(CallId id, MemberId from) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || found->callee != from) return false;
  erase(*found);
  return true;
}

TimeNs CallTable::next_deadline() const {
  return by_deadline_.empty() ? never_ns : by_deadline_.begin()->deadline;
}

void CallTable::erase(Entry& entry) {
  by_id_.erase(by_id_.iterator_to(entry));
  by_deadline_.erase(by_deadline_.iterator_to(entry));
  free_.push_front(entry);
}

}  // namespace muster
