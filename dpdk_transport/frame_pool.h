// Buffers for whole Ethernet frames. A Frame is DPDK's mbuf, and opaque here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

struct rte_mbuf;
struct rte_mempool;

namespace muster::dpdk {

using Frame = ::rte_mbuf;

/// The frame's bytes, from the destination address on; without the checksum at its end.
std::span<std::byte> bytes(Frame& frame);
std::span<const std::byte> bytes(const Frame& frame);
/// Makes the frame `size` bytes long; false where it has no room for that.
bool resize(Frame& frame, std::size_t size);
/// Gives one reference back. nullptr is fine.
void free_frame(Frame* frame);

/// A fixed number of buffers, allocated once, each with room for an Ethernet frame of 1518 bytes.
/// Any thread may take and give back at any time (see register_thread()).
class FramePool {
 public:
  static constexpr std::uint32_t frame_bytes_max = 2048;

  enum class Reader {
    software,  ///< buffers lie close together
    device,    ///< by their physical addresses: none reaches over the end of a page
  };

  /// `private_bytes` stand beside each buffer for the caller's own use. Needs the EAL to run.
  /// Throws StartError when memory_mb does not suffice.
  explicit FramePool(std::uint32_t frames, std::uint16_t private_bytes = 0,
                     Reader reader = Reader::software);
  /// No frame of it may be in use by then, neither here nor in a port.
  ~FramePool();
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  /// An empty frame with one reference; nullptr when none is left.
  Frame* allocate();
  /// A frame with the same bytes; nullptr when none is left, or when they do not fit one buffer.
  Frame* clone(const Frame& frame);
  /// Buffers that nobody holds. Walks the caches: not for the hot path.
  std::uint32_t available() const;
  std::uint32_t size() const { return frames_; }
  rte_mempool* native() const { return pool_; }

 private:
  std::uint32_t frames_;
  rte_mempool* pool_;
};

}  // namespace muster::dpdk
