// Many threads push, one thread pops.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>

#include "ring/consumer.h"
#include "ring/slots.h"

namespace muster::ring {

/// As SpscRing; push() may be called by any thread. What one thread pushes stays in its order,
/// and a burst stays together. A producer that is suspended between claiming its slots and
/// writing them holds up what was pushed behind it until it runs again.
template <RingElement E, std::memory_order publish_order = std::memory_order_release>
class MpscRing {
 public:
  using value_type = E;

  /// Allocates and touches all memory it will ever use. Throws std::invalid_argument where
  /// `capacity` is not a power of two from capacity_min to capacity_max.
  explicit MpscRing(std::size_t capacity) : slots_(capacity), consumer_(slots_) {}
  MpscRing(const MpscRing&) = delete;
  MpscRing& operator=(const MpscRing&) = delete;

  std::size_t capacity() const { return slots_.capacity(); }

  bool push(E element) { return push(std::span<const E>(&element, 1)) == 1; }
  std::size_t push(std::span<const E> in) {
    const Claim claim = claim_slots(in.size());
    for (std::size_t i = 0; i < claim.count; ++i) slots_.publish(claim.first + i, in[i]);
    return claim.count;
  }

  bool pop(E& element) { return consumer_.pop(element); }
  std::size_t pop(std::span<E> out) { return consumer_.pop(out); }
  bool empty() const { return consumer_.empty(); }

 private:
  struct Claim {
    Position first = 0;
    std::size_t count = 0;
  };

  Claim claim_slots(std::size_t wanted) {
    // Acquire: pairs with the release below, and through it with the consumer's. Read before
    // tail_, so that it is never ahead of it.
    Position released = released_.load(std::memory_order_acquire);
    // Relaxed: tail_ hands out numbers; the slots themselves carry the data.
    Position tail = tail_.load(std::memory_order_relaxed);
    for (;;) {
      std::size_t room = room_between(released, tail);
      if (room < wanted) {
        released = consumer_.released();
        // Release: hands the consumer's release on. An older value may overwrite a newer one:
        // that only costs the next producer a look at the consumer's line.
        released_.store(released, std::memory_order_release);
        // Relaxed: as above; afresh, lest it be behind `released`.
        tail = tail_.load(std::memory_order_relaxed);
        room = room_between(released, tail);
      }
      const std::size_t count = std::min(room, wanted);
      // Relaxed: a claim publishes nothing.
      if (count == 0 ||
          tail_.compare_exchange_weak(tail, tail + count, std::memory_order_relaxed)) {
        return {tail, count};
      }
    }
  }

  /// Zero where `released` is so old that others have filled more than a ring since.
  std::size_t room_between(Position released, Position tail) const {
    const Position used = tail - released;
    return used < slots_.capacity() ? slots_.capacity() - used : 0;
  }

  Slots<E, publish_order> slots_;
  Consumer<E, publish_order> consumer_;
  alignas(line_stride_bytes) std::atomic<Position> tail_{0};
  std::atomic<Position> released_{0};  ///< as last seen by any producer
};

}  // namespace muster::ring
