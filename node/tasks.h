// The coroutines that a node runs for nobody in particular.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "node/task.h"

namespace muster {

/// Destroys those that are not done. Allocates only when more of them run than ever before. Not
/// thread-safe.
class Tasks final : task::Owner {
 public:
  /// Runs it until it first waits.
  void spawn(Task<> task) {
    if (free_.empty()) {
      free_.push_back(tasks_.size());
      tasks_.emplace_back();
      free_.reserve(tasks_.size());
      ended_.reserve(tasks_.size());
    }
    const std::size_t place = free_.back();
    free_.pop_back();
    tasks_[place] = std::move(task);
    tasks_[place].owned_by(*this, place);
    tasks_[place].start();
  }
  /// Throws what one of those that have ended has thrown; the others are forgotten next time.
  void forget_ended() {
    while (!ended_.empty()) {
      const std::size_t place = ended_.back();
      ended_.pop_back();
      Task<> task = std::move(tasks_[place]);
      free_.push_back(place);
      task.result();
    }
  }

 private:
  void ended(std::size_t place) noexcept override { ended_.push_back(place); }

  std::vector<Task<>> tasks_;
  std::vector<std::size_t> free_;
  std::vector<std::size_t> ended_;  ///< has room for all
};

}  // namespace muster
