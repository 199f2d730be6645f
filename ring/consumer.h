// The popping end of a ring that publishes in the slot; the pushing ends differ.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>

#include "ring/slots.h"

namespace muster::ring {

/// For one thread, except released(), which the producers read.
template <RingElement E, std::memory_order publish_order>
class Consumer {
 public:
  explicit Consumer(const Slots<E, publish_order>& slots)
      : slots_(slots), release_stride_(std::max<std::size_t>(slots.capacity() / 8, 1)) {}

  bool pop(E& element) {
    const bool taken = slots_.take(head_, element);
    advance(taken ? 1 : 0, !taken);
    return taken;
  }

  std::size_t pop(std::span<E> out) {
    std::size_t taken = 0;
    while (taken < out.size() && slots_.take(head_ + taken, out[taken])) ++taken;
    advance(taken, taken < out.size());
    return taken;
  }

  bool empty() const {
    E ignored;
    return !slots_.take(head_, ignored);
  }

  /// Slots before this position may be written again.
  Position released() const {
    // Acquire: pairs with the release in advance(); the slot is overwritten after it was read.
    return released_.load(std::memory_order_acquire);
  }

 private:
  /// Slots are given back an eighth of the ring at a time, and when the ring is drained: the line
  /// that says so moves to the producer only when that has run out of room.
  void advance(std::size_t taken, bool drained) {
    head_ += taken;
    const Position kept = head_ - released_.load(std::memory_order_relaxed);  // own store
    if (kept >= release_stride_ || (drained && kept > 0)) {
      // Release: the reads of the slots come before they are given back.
      released_.store(head_, std::memory_order_release);
    }
  }

  const Slots<E, publish_order>& slots_;
  const std::size_t release_stride_;
  alignas(line_stride_bytes) Position head_ = 0;
  alignas(line_stride_bytes) std::atomic<Position> released_{0};
};

}  // namespace muster::ring
