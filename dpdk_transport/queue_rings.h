// What the threads of two queues of one port give to each other.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dpdk_transport/frame_pool.h"
#include "ring/spsc_ring.h"

namespace muster::dpdk {

/// One word: a frame with its reference, and what it is.
class Handed {
 public:
  enum class Kind : std::uintptr_t {
    question = 0,  ///< as it came: the first queue answers it
    station = 2,   ///< a Station stands in it
  };

  Handed() = default;
  Handed(Frame& frame, Kind kind)
      : word_(reinterpret_cast<std::uintptr_t>(&frame) | static_cast<std::uintptr_t>(kind)) {}

  /// nullptr: nothing was handed.
  Frame* frame() const { return reinterpret_cast<Frame*>(word_ & ~kind_bit); }
  bool is_station() const { return (word_ & kind_bit) != 0; }

 private:
  static constexpr auto kind_bit = static_cast<std::uintptr_t>(Kind::station);

  std::uintptr_t word_ = 0;
};

/// Between the first queue and one of the others.
struct QueueRings {
  using Ring = ring::SpscRing<Handed>;
  static constexpr std::size_t capacity = 256;

  QueueRings() = default;
  ~QueueRings() {
    for (Ring* ring : {&to_first, &from_first})
      for (Handed handed; ring->pop(handed);) free_frame(handed.frame());
  }
  QueueRings(const QueueRings&) = delete;
  QueueRings& operator=(const QueueRings&) = delete;

  Ring to_first{capacity};
  Ring from_first{capacity};
};

/// The same, as one of the two threads has it.
struct QueueLink {
  QueueRings::Ring& out;
  QueueRings::Ring& in;
  Handed held{};  ///< came in, and could not be passed on yet
};

}  // namespace muster::dpdk
