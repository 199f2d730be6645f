// Boost.Lockfree's ring behind the verbs of ours: for the control plane, where a capacity that is
// exact and need not be a power of two is worth more than a cache line, and as the tests' oracle.
#pragma once

#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <span>

#include "ring/pointer_ring.h"

namespace muster::ring {

/// One thread pushes, one thread pops. A push finds it full exactly when `capacity` elements are
/// in it. All bits of an element pass through.
template <RingElement E>
class BoostRing {
 public:
  using value_type = E;

  explicit BoostRing(std::size_t capacity) : queue_(capacity), capacity_(capacity) {}

  std::size_t capacity() const { return capacity_; }

  bool push(E element) { return queue_.push(element); }
  std::size_t push(std::span<const E> in) { return queue_.push(in.data(), in.size()); }

  bool pop(E& element) { return queue_.pop(element); }
  std::size_t pop(std::span<E> out) { return queue_.pop(out.data(), out.size()); }
  bool empty() const { return queue_.read_available() == 0; }

 private:
  boost::lockfree::spsc_queue<E> queue_;  // sized at run time: its storage shares no hot line
  std::size_t capacity_;
};

}  // namespace muster::ring
