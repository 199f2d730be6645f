// What other threads ask of the engine's, which does it between two cycles while they wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "cluster/types.h"

namespace muster {

class Engine;

class Errands {
 public:
  using Errand = std::function<void(Engine&, TimeNs now)>;

  /// By any thread but the engine's. Waits until that has done it, unless it has ended: then it is
  /// not done.
  void carry_out(const Errand& errand) {
    Waiting waiting{errand};
    {
      const std::lock_guard lock(mutex_);
      if (ended()) return;
      waiting_.push_back(&waiting);
      any_.store(true, std::memory_order_release);
    }
    while (!waiting.done.load(std::memory_order_acquire))
      std::this_thread::sleep_for(std::chrono::microseconds(20));
  }

  /// The engine's; returns how many there were. Costs a load where nobody waits.
  std::size_t run(Engine& engine, TimeNs now) {
    if (!any_.load(std::memory_order_acquire)) return 0;
    const std::lock_guard lock(mutex_);
    return run_all(engine, now);
  }
  /// The engine's thread has done its last, and then `last()`: nobody is let go before that.
  template <class Last>
  void end(Engine& engine, TimeNs now, Last&& last) {
    const std::lock_guard lock(mutex_);
    run_all(engine, now);
    ended_.store(true);
    last();
  }
  bool ended() const { return ended_.load(); }

 private:
  /// Stands where whoever wants it waits.
  struct Waiting {
    const Errand& errand;
    std::atomic<bool> done{false};
  };

  std::size_t run_all(Engine& engine, TimeNs now) {
    any_.store(false, std::memory_order_relaxed);
    const std::size_t count = waiting_.size();
    for (Waiting* waiting : waiting_) {
      waiting->errand(engine, now);
      waiting->done.store(true, std::memory_order_release);
    }
    waiting_.clear();
    return count;
  }

  std::mutex mutex_;
  std::vector<Waiting*> waiting_;
  std::atomic<bool> any_{false};
  std::atomic<bool> ended_{false};
};

}  // namespace muster
