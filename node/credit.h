// What the application's thread and the engine's share about one peer: how much may be given to
// send, and how far away the peer is.
#pragma once

#include <atomic>
#include <cstdint>

#include "cluster/types.h"
#include "ring/slots.h"

namespace muster {

/// Shared by the application's thread, which gives, and the engine's, which takes what it could
/// hand to the session. What is between the two waits in the ring or in the engine's queue for the
/// peer, so a peer that takes nothing holds up nobody else.
class Credit {
 public:
  static constexpr std::uint64_t queue_max = 64;

  explicit Credit(std::uint32_t join) : join_(join) {}

  /// Which joining of all it is for: a peer that is removed may join again as what it was.
  std::uint32_t join() const { return join_; }

  /// The application's.
  bool available() {
    if (given_ - taken_seen_ < queue_max) return true;
    taken_seen_ = taken_.load(std::memory_order_acquire);
    return given_ - taken_seen_ < queue_max;
  }
  void give() { ++given_; }
  /// What was given and never handed to the session; exact once the engine has closed the queue.
  std::uint64_t outstanding() const { return given_ - taken_.load(std::memory_order_acquire); }

  /// Smoothed; never_ns before the first measurement.
  DurationNs round_trip_ns() const { return round_trip_ns_.load(std::memory_order_relaxed); }

  /// The engine's.
  void measured(DurationNs round_trip_ns) {
    round_trip_ns_.store(round_trip_ns, std::memory_order_relaxed);
  }
  void take() {
    taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  const std::uint32_t join_;
  alignas(ring::line_stride_bytes) std::atomic<std::uint64_t> taken_{0};
  std::atomic<DurationNs> round_trip_ns_{never_ns};
  alignas(ring::line_stride_bytes) std::uint64_t given_ = 0;
  std::uint64_t taken_seen_ = 0;
};

}  // namespace muster
