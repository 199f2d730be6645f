// What a polling thread does when there is nothing to do.
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <thread>

#include "cluster/types.h"
#include "node/clock.h"
#include "node/config.h"

namespace muster {

/// Tells the core that this is a spin loop.
inline void cpu_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Idle::spin polls on at once: a pause would cost as much as a hop. The others pause, then
/// yield, then sleep longer and longer, so that threads which have nothing to do leave the core
/// to those that have; or, Idle::sleep, until they are woken, if somebody wakes them. Not
/// thread-safe: one for each thread.
class IdleStrategy {
 public:
  static constexpr unsigned pauses = 64;
  static constexpr unsigned yields = 16;
  static constexpr DurationNs sleep_min_ns = 2'000;
  static constexpr DurationNs sleep_max_ns = 100'000;

  /// Requires that choose_idle() has decided.
  explicit IdleStrategy(Idle kind) : kind_(kind) { assert(kind != Idle::automatic); }

  /// After each cycle; `work` is what the cycle did. Never sleeps past `deadline`. Where
  /// Idle::sleep would, `sleep_until_woken` is asked to first; it returns false if it did not.
  template <class SleepUntilWoken>
  void idle(std::size_t work, TimeNs deadline, SleepUntilWoken&& sleep_until_woken) {
    if (kind_ == Idle::spin) return;
    if (work > 0) {
      idle_cycles_ = 0;
      return;
    }
    if (idle_cycles_ < pauses)
      cpu_pause();
    else if (idle_cycles_ < pauses + yields)
      std::this_thread::yield();
    else if (kind_ != Idle::sleep || !sleep_until_woken())
      sleep(deadline);
    ++idle_cycles_;
  }
  void idle(std::size_t work, TimeNs deadline) {
    idle(work, deadline, [] { return false; });
  }

  /// How long the next sleep would be, were there no deadline; 0 while it does not sleep yet.
  DurationNs next_sleep_ns() const {
    if (kind_ == Idle::spin || idle_cycles_ < pauses + yields) return 0;
    const std::size_t doublings = std::min<std::size_t>(idle_cycles_ - pauses - yields, 16);
    return std::min(sleep_min_ns << doublings, sleep_max_ns);
  }

 private:
  void sleep(TimeNs deadline) {
    const TimeNs now = monotonic_ns();
    if (deadline <= now) return;
    std::this_thread::sleep_for(
        std::chrono::nanoseconds(std::min(next_sleep_ns(), deadline - now)));
  }

  Idle kind_;
  std::size_t idle_cycles_ = 0;
};

}  // namespace muster
