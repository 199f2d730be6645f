// The memory of a ring that publishes in the slot.
//
// A slot holds an element and, in the element's free bit 0, the parity of the lap that wrote it.
// The reader knows which parity it waits for at its position: one cache line carries both the
// element and the news of it, and the reader never has to write the slot back.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "ring/pointer_ring.h"

namespace muster::ring {

/// Two cache lines: the adjacent-line prefetcher pulls lines in pairs.
inline constexpr std::size_t line_stride_bytes = 128;
inline constexpr std::size_t capacity_min = 2;
inline constexpr std::size_t capacity_max = std::size_t{1} << 24;

/// Counts elements since the ring was made; 64 bits do not wrap.
using Position = std::uint64_t;

/// Returns `capacity`, or throws std::invalid_argument where it is not a power of two within the
/// bounds.
inline std::size_t checked_capacity(std::size_t capacity) {
  if (std::has_single_bit(capacity) && capacity >= capacity_min && capacity <= capacity_max) {
    return capacity;
  }
  throw std::invalid_argument("a ring cannot hold " + std::to_string(capacity) +
                              " elements: choose a power of two from " +
                              std::to_string(capacity_min) + " to " + std::to_string(capacity_max));
}

/// `publish_order` is release wherever a ring is used. The tests weaken it, to show that
/// ThreadSanitizer tells.
template <RingElement E, std::memory_order publish_order>
class Slots {
 public:
  explicit Slots(std::size_t capacity)
      : capacity_(checked_capacity(capacity)), slots_(allocate(capacity)) {}

  std::size_t capacity() const { return capacity_; }

  /// Writer: the slot of `position` is its own, and a lap behind.
  void publish(Position position, E element) {
    const auto word = std::bit_cast<Word>(element);
    assert((word & 1) == 0);
    // Release: what the writer did before, to the pointed-to as well, is seen by who takes it.
    slot(position).store(word | lap(position), publish_order);
  }

  /// Reader: true, and `element` written, if the slot of `position` has been published.
  bool take(Position position, E& element) const {
    // Acquire: pairs with the release in publish().
    const Word word = slot(position).load(std::memory_order_acquire);
    if ((word & 1) != lap(position)) return false;
    element = std::bit_cast<E>(word & ~Word{1});
    return true;
  }

 private:
  using Word = std::uintptr_t;
  using Slot = std::atomic<Word>;
  struct Free {
    void operator()(Slot* slots) const {
      ::operator delete[](slots, std::align_val_t{line_stride_bytes});
    }
  };
  using Memory = std::unique_ptr<Slot[], Free>;

  /// Whole lines, so that a small ring shares none with its neighbours on the heap. Writing the
  /// zeros faults every page in; zero is the parity of the lap before the first.
  static Memory allocate(std::size_t capacity) {
    const std::size_t slots = std::max(capacity, line_stride_bytes / sizeof(Slot));
    return Memory(new (std::align_val_t{line_stride_bytes}) Slot[slots]());
  }

  Word lap(Position position) const { return (position & capacity_) == 0 ? 1 : 0; }
  Slot& slot(Position position) const { return slots_[position & (capacity_ - 1)]; }

  const std::size_t capacity_;
  const Memory slots_;
};

}  // namespace muster::ring
