// A fixed number of packets, allocated once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "cluster/packet.h"

namespace muster::socket {

/// allocate(), retain() and release() may be called by any thread at any time: the free packets
/// are a lock-free stack, whose head carries a tag that grows with each change, so that a thread
/// which slept between reading the head and replacing it cannot bring back an old one. Without
/// contention that is one compare-and-swap for each allocation and each last release.
class PacketPool {
 public:
  PacketPool(std::uint32_t packets, std::uint32_t payload_bytes);

  /// With one reference, size 0, and not expendable; nullptr when none is left.
  Packet* allocate();
  void retain(Packet& packet);
  void release(Packet& packet);

  std::uint32_t payload_bytes() const { return payload_bytes_; }
  /// Packets that nobody holds: exact only while no other thread uses the pool.
  std::uint32_t available() const;

 private:
  static constexpr std::size_t line_bytes = 64;

  struct alignas(line_bytes) Slot : Packet {
    std::atomic<std::uint32_t> references{0};
    std::atomic<std::uint32_t> next{0};  ///< position of the next free slot; 0: none
  };
  // The head: a position (1 for the first slot, 0 for none) below, the tag above.
  static constexpr unsigned position_bits = 24;
  static constexpr std::uint64_t position_mask = (std::uint64_t{1} << position_bits) - 1;

  struct FreeLines {
    void operator()(std::byte* lines) const;
  };

  std::uint32_t payload_bytes_;
  std::unique_ptr<Slot[]> slots_;
  std::unique_ptr<std::byte[], FreeLines> payloads_;
  alignas(line_bytes) std::atomic<std::uint64_t> head_{0};
};

}  // namespace muster::socket
