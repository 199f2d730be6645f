// How a loop without work waits, so that it shares the processors with the members it serves.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

#include "cluster/config.h"

namespace muster::fabric {

/// Spins for a few cycles, then yields for a few, then sleeps: at first 5 us, in the end 50 us.
class Backoff {
 public:
  static constexpr DurationNs sleep_ns_min = 5 * us;
  static constexpr DurationNs sleep_ns_max = 50 * us;

  void worked() { idle_cycles_ = 0; }
  /// Nothing was to be done; something will be in `due_in_ns` at the latest.
  void rest(DurationNs due_in_ns) {
    ++idle_cycles_;
    if (idle_cycles_ <= spins) return;
    if (idle_cycles_ <= spins + yields || due_in_ns < sleep_ns_min)
      return std::this_thread::yield();
    const DurationNs patience_ns = (idle_cycles_ - spins - yields) * sleep_ns_min;
    std::this_thread::sleep_for(
        std::chrono::nanoseconds(std::min({patience_ns, sleep_ns_max, due_in_ns})));
  }

 private:
  static constexpr std::uint64_t spins = 64;
  static constexpr std::uint64_t yields = 64;

  std::uint64_t idle_cycles_ = 0;
};

}  // namespace muster::fabric
