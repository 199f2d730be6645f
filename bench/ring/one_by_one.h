// The rivals whose elements go one by one.
#pragma once

#include <boost/lockfree/queue.hpp>
#include <cstddef>
#include <span>

#include "ring/pointer_ring.h"
#include "tools/measure/bounce.h"

namespace muster::bench {

using measure::Word;

/// Boost.Lockfree's queue for many producers and consumers, its nodes allocated beforehand.
class BoostQueue {
 public:
  explicit BoostQueue(std::size_t capacity) : queue_(capacity), capacity_(capacity) {}

  std::size_t capacity() const { return capacity_; }
  bool push(Word element) { return queue_.bounded_push(element); }
  bool pop(Word& element) { return queue_.pop(element); }
  bool empty() const { return queue_.empty(); }

 private:
  boost::lockfree::queue<Word> queue_;
  std::size_t capacity_;
};

/// Makes bursts of single pushes and pops.
template <class Single>
class OneByOne : public Single {
 public:
  using value_type = Word;
  using Single::pop;
  using Single::push;
  using Single::Single;

  std::size_t push(std::span<const Word> in) {
    std::size_t count = 0;
    while (count < in.size() && Single::push(in[count])) ++count;
    return count;
  }
  std::size_t pop(std::span<Word> out) {
    std::size_t count = 0;
    while (count < out.size() && Single::pop(out[count])) ++count;
    return count;
  }
};

}  // namespace muster::bench
