// The calls that wait for an answer (docs/protocol.md §8.2).
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <boost/intrusive/unordered_set.hpp>
#include <cstddef>
#include <vector>

#include "cluster/events.h"
#include "cluster/types.h"

namespace muster {

/// Fixed in size: nothing is allocated after construction.
class CallTable {
 public:
  explicit CallTable(std::size_t calls_max);
  CallTable(const CallTable&) = delete;
  CallTable& operator=(const CallTable&) = delete;

  /// There is room, and no call with that id waits already.
  bool accepts(CallId id) const;
  /// Requires accepts(id).
  void insert(CallId id, MemberId callee, TimeNs deadline);
  /// Nobody waits for it any more; false if nobody did.
  bool erase(CallId id);
  /// An answer has come: false, and nothing changes, if nobody waits for one from that member.
  bool answer(CallId id, MemberId from);

  /// never_ns when no call waits.
  TimeNs next_deadline() const;
  /// Takes out the calls whose deadline has passed, in the order of deadlines: `f(CallId)`.
  template <class F>
  void expire(TimeNs now, F&& f);
  /// Takes out the calls to one member, in the order of deadlines: `f(CallId)`.
  template <class F>
  void erase_callee(MemberId callee, F&& f);

 private:
  struct Entry : boost::intrusive::unordered_set_base_hook<>,
                 boost::intrusive::set_base_hook<>,
                 boost::intrusive::list_base_hook<> {
    CallId id = 0;
    MemberId callee{};
    TimeNs deadline = 0;
  };
  struct IdOf {
    using type = CallId;
    CallId operator()(const Entry& entry) const { return entry.id; }
  };
  struct DeadlineOf {
    using type = TimeNs;
    TimeNs operator()(const Entry& entry) const { return entry.deadline; }
  };
  /// Ids are often consecutive or differ in their upper bits only: the product spreads both.
  struct SpreadHash {
    std::size_t operator()(CallId id) const { return (id * 0x9e3779b97f4a7c15) >> 32; }
  };
  using ById = boost::intrusive::unordered_set<Entry, boost::intrusive::key_of_value<IdOf>,
                                               boost::intrusive::hash<SpreadHash>,
                                               boost::intrusive::power_2_buckets<true>>;
  using ByDeadline = boost::intrusive::multiset<Entry, boost::intrusive::key_of_value<DeadlineOf>>;

  void erase(Entry& entry);

  // The containers only link the entries, and go first.
  std::vector<Entry> entries_;
  std::vector<ById::bucket_type> buckets_;
  boost::intrusive::list<Entry> free_;
  ById by_id_;
  ByDeadline by_deadline_;
};

template <class F>
void CallTable::expire(TimeNs now, F&& f) {
  while (!by_deadline_.empty() && by_deadline_.begin()->deadline <= now) {
    Entry& entry = *by_deadline_.begin();
    erase(entry);
    f(entry.id);
  }
}

template <class F>
void CallTable::erase_callee(MemberId callee, F&& f) {
  for (auto at = by_deadline_.begin(); at != by_deadline_.end();) {
    Entry& entry = *at++;
    if (entry.callee != callee) continue;
    erase(entry);
    f(entry.id);
  }
}

}  // namespace muster
