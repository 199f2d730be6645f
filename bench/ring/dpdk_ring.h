// DPDK's ring behind the verbs of ours, without an EAL: in memory of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>

#include <rte_ring.h>

#include "tools/measure/bounce.h"

namespace muster::bench {

using measure::Word;

/// `flags`: RING_F_SP_ENQ and RING_F_SC_DEQ, or the latter alone for many producers. Holds one
/// element less than `size`.
template <unsigned flags>
class DpdkRing {
 public:
  using value_type = Word;

  explicit DpdkRing(std::size_t size) : ring_(allocate(size)) {
    if (rte_ring_init(ring_.get(), "bench", static_cast<unsigned>(size), flags) != 0) {
      throw std::runtime_error("rte_ring_init refused the ring");
    }
  }

  std::size_t capacity() const { return rte_ring_get_capacity(ring_.get()); }
  bool push(Word element) { return push(std::span<const Word>(&element, 1)) == 1; }
  std::size_t push(std::span<const Word> in) {
    return rte_ring_enqueue_burst_elem(ring_.get(), in.data(), sizeof(Word),
                                       static_cast<unsigned>(in.size()), nullptr);
  }
  bool pop(Word& element) { return pop(std::span<Word>(&element, 1)) == 1; }
  std::size_t pop(std::span<Word> out) {
    return rte_ring_dequeue_burst_elem(ring_.get(), out.data(), sizeof(Word),
                                       static_cast<unsigned>(out.size()), nullptr);
  }
  bool empty() const { return rte_ring_empty(ring_.get()) != 0; }

 private:
  static constexpr std::align_val_t alignment{128};
  struct Free {
    void operator()(rte_ring* ring) const { ::operator delete(ring, alignment); }
  };

  static rte_ring* allocate(std::size_t size) {
    const auto bytes = static_cast<std::size_t>(rte_ring_get_memsize(static_cast<unsigned>(size)));
    return static_cast<rte_ring*>(::operator new(bytes, alignment));
  }

  std::unique_ptr<rte_ring, Free> ring_;
};

using DpdkSpscRing = DpdkRing<RING_F_SP_ENQ | RING_F_SC_DEQ>;
using DpdkMpscRing = DpdkRing<RING_F_SC_DEQ>;

}  // namespace muster::bench
