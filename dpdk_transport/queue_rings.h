// What the threads of two queues of one port give to each other.
#pragma once

#include <cstddef>

#include "dpdk_transport/frame_pool.h"
#include "ring/spsc_ring.h"

namespace muster::dpdk {

/// Between the first queue and one of the others; frames with their references. Questions have a
/// ring of their own, so that no flood of news keeps them from being answered.
struct QueueRings {
  using Ring = ring::SpscRing<Frame*>;
  static constexpr std::size_t capacity = 256;

  QueueRings() = default;
  ~QueueRings() {
    for (Ring* ring : {&questions, &news_to_first, &news_from_first})
      for (Frame* frame; ring->pop(frame);) free_frame(frame);
  }
  QueueRings(const QueueRings&) = delete;
  QueueRings& operator=(const QueueRings&) = delete;

  Ring questions{capacity};        ///< as they came: the first queue answers them
  Ring news_to_first{capacity};    ///< a Station stands in each
  Ring news_from_first{capacity};  ///< the same
};

/// The same, as one of the two threads has it.
struct QueueLink {
  QueueRings::Ring& questions;
  QueueRings::Ring& news_out;
  QueueRings::Ring& news_in;
};

}  // namespace muster::dpdk
