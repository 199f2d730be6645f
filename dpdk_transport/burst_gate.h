// Keeps bursts and the interrupt thread's work on a port apart.
//
// memif unmaps a port's rings on DPDK's interrupt thread as soon as the peer goes, and only a flag
// tells the thread that polls. One that is inside of a burst just then, say because it was
// preempted there, touches memory that is gone. So the interrupt thread closes this gate before
// it handles a control message (see log.h for how it gets to do that), and whoever finds it
// closed leaves the port alone. Each queue of a port has a thread, so each has a place of its own.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace muster::dpdk {

class BurstGate {
 public:
  static constexpr std::size_t ports_max = 32;
  static constexpr std::uint16_t queues_max = 8;  ///< of one port

  /// Once, before the first burst.
  static void prepare();

  /// True: the burst may go on, and ends with leave(). No fence and no locked instruction: close()
  /// pays for both sides. Whoever enters after open() sees what was done before it.
  static bool enter(std::uint16_t port, std::uint16_t queue = 0) {
    std::atomic<bool>& inside = inside_[port][queue].flag;
    inside.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (!closed_.load(std::memory_order_acquire)) return true;
    inside.store(false, std::memory_order_release);
    return false;
  }
  static void leave(std::uint16_t port, std::uint16_t queue = 0) {
    inside_[port][queue].flag.store(false, std::memory_order_release);
  }
  static bool closed() { return closed_.load(std::memory_order_acquire); }

  /// Returns when no burst is under way any more, or false after `patience_ms`: a thread that is
  /// stopped inside of a burst must not stop the interrupt thread for ever.
  static bool close();
  /// For whoever has just said, where the bursts of this port look after enter(), that none may go
  /// on: true, none is under way any more. Other ports go on meanwhile. False: as of close().
  static bool wait_for(std::uint16_t port);
  static void open() { closed_.store(false, std::memory_order_release); }

 private:
  static constexpr int patience_ms = 1000;
  static constexpr std::size_t line_bytes = 64;
  struct alignas(line_bytes) Inside {
    std::atomic<bool> flag;
  };
  static bool anybody_inside(std::uint16_t port);

  static inline std::atomic<bool> closed_{false};
  static inline std::array<std::array<Inside, queues_max>, ports_max> inside_{};
};

}  // namespace muster::dpdk
