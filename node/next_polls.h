// Coroutines that wait for the next poll.
#pragma once

#include <vector>

#include "node/awaited.h"

namespace muster {

/// They go on in their order. Not thread-safe.
class NextPolls {
 public:
  void add(NextPoll& waiting) { next_.push_back(&waiting); }
  void forget(NextPoll& waiting) {
    std::erase(next_, &waiting);
    std::erase(now_, &waiting);
  }
  bool empty() const { return next_.empty() && now_.empty(); }

  /// Whoever waits again meanwhile goes on in the next one; so do the others, where one throws.
  void resume() {
    now_.insert(now_.end(), next_.begin(), next_.end());
    next_.clear();
    while (!now_.empty()) {
      NextPoll* waiting = now_.front();
      now_.erase(now_.begin());
      waiting->resume();
    }
  }
  /// What they wait for never comes: whoever owns a coroutine destroys it.
  void abandon() {
    for (const std::vector<NextPoll*>* waiting : {&now_, &next_})
      for (NextPoll* each : *waiting) each->abandoned();
  }

 private:
  std::vector<NextPoll*> next_;
  std::vector<NextPoll*> now_;  ///< of this poll, and not resumed yet
};

}  // namespace muster
