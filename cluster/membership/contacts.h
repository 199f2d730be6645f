// Where somebody may be whom this member does not hear: the seeds, and where the dead were last.
// That is how the sides of a partition find each other again (docs/protocol.md §5.11).
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "cluster/types.h"

namespace muster {

class Contacts {
 public:
  /// Of the dead; the one lost longest is forgotten first.
  static constexpr std::size_t lost_max = 32;

  Contacts(std::span<const Endpoint> seeds, const Endpoint& self) {
    for (const Endpoint& seed : seeds)
      if (seed != self && find(seed) == entries_.end()) entries_.push_back({seed, true, false});
  }

  bool includes(const Endpoint& at) const {
    return std::ranges::find(entries_, at, &Entry::at) != entries_.end();
  }
  /// A member is there.
  void met(const Endpoint& at) {
    const auto entry = find(at);
    if (entry == entries_.end()) return;
    if (entry->seed)
      entry->met = true;
    else
      entries_.erase(entry);
  }
  /// It has gone, for good.
  void left(const Endpoint& at) {
    if (const auto entry = find(at); entry != entries_.end()) entry->met = false;
  }
  /// It has gone, and may live behind a partition.
  void lost(const Endpoint& at) {
    if (const auto entry = find(at); entry != entries_.end()) {
      entry->met = false;
      return;
    }
    if (std::ranges::count(entries_, false, &Entry::seed) == lost_max)
      entries_.erase(std::ranges::find(entries_, false, &Entry::seed));
    entries_.push_back({at, false, false});
  }

  /// All where nobody is known to be.
  template <class Visit>
  void each_unmet(Visit&& visit) const {
    for (const Entry& entry : entries_)
      if (!entry.met) visit(entry.at);
  }
  /// One of those, each in its turn; nullptr: there is none.
  const Endpoint* next() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      turn_ = (turn_ + 1) % entries_.size();
      if (!entries_[turn_].met) return &entries_[turn_].at;
    }
    return nullptr;
  }

 private:
  struct Entry {
    Endpoint at;
    bool seed;
    bool met;
  };
  std::vector<Entry>::iterator find(const Endpoint& at) {
    return std::ranges::find(entries_, at, &Entry::at);
  }

  std::vector<Entry> entries_;  // the seeds first, then the lost in the order of their loss
  std::size_t turn_ = 0;
};

}  // namespace muster
