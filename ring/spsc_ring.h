// One thread pushes, one thread pops.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>

#include "ring/consumer.h"
#include "ring/slots.h"

namespace muster::ring {

/// See PointerRing for the verbs and RingElement for what it carries. A push may find it full
/// while up to capacity / 8 slots that were popped have not been given back yet; they are given
/// back at the latest when a pop finds the ring drained.
template <RingElement E, std::memory_order publish_order = std::memory_order_release>
class SpscRing {
 public:
  using value_type = E;

  /// Allocates and touches all memory it will ever use. Throws std::invalid_argument where
  /// `capacity` is not a power of two from capacity_min to capacity_max.
  explicit SpscRing(std::size_t capacity) : slots_(capacity), consumer_(slots_) {}
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  std::size_t capacity() const { return slots_.capacity(); }

  bool push(E element) { return push(std::span<const E>(&element, 1)) == 1; }
  std::size_t push(std::span<const E> in) {
    const std::size_t count = std::min(room_for(in.size()), in.size());
    for (std::size_t i = 0; i < count; ++i) slots_.publish(tail_ + i, in[i]);
    tail_ += count;
    return count;
  }

  bool pop(E& element) { return consumer_.pop(element); }
  std::size_t pop(std::span<E> out) { return consumer_.pop(out); }
  bool empty() const { return consumer_.empty(); }

 private:
  /// The consumer's line is read only when the slots known to be free do not suffice.
  std::size_t room_for(std::size_t wanted) {
    if (slots_.capacity() - (tail_ - released_) < wanted) released_ = consumer_.released();
    return slots_.capacity() - (tail_ - released_);
  }

  Slots<E, publish_order> slots_;
  Consumer<E, publish_order> consumer_;
  alignas(line_stride_bytes) Position tail_ = 0;
  Position released_ = 0;  ///< as last seen
};

}  // namespace muster::ring
