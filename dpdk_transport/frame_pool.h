// Buffers for whole Ethernet frames. A Frame is DPDK's mbuf, and opaque here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "cluster/mtu.h"
#include "dpdk_transport/headers.h"

struct rte_mbuf;
struct rte_mempool;

namespace muster::dpdk {

using Frame = ::rte_mbuf;

/// The frame's bytes, from the destination address on; without the checksum at its end.
std::span<std::byte> bytes(Frame& frame);
std::span<const std::byte> bytes(const Frame& frame);
/// How long it is, in all its pieces: a frame that did not fit one buffer came in several.
std::size_t frame_bytes(const Frame& frame);
/// Makes the frame `size` bytes long; false where it has no room for that.
bool resize(Frame& frame, std::size_t size);
/// Brings a frame that came in several pieces together in its first buffer; false where it has no
/// room for that, and nothing is changed.
bool join(Frame& frame);
/// Gives one reference back. nullptr is fine.
void free_frame(Frame* frame);

/// In front of a frame in a ring of af_packet, whose places are as long as our buffers, stand the
/// kernel's own words (linux/if_packet.h, version 2), rounded up.
inline constexpr std::uint32_t kernel_ring_bytes = 80;

/// A buffer for whatever frame carries an IP packet of `mtu` bytes. NICs count buffers in KiB.
constexpr std::uint32_t frame_bytes_for(std::uint32_t mtu) {
  constexpr std::size_t kib = 1024;
  return static_cast<std::uint32_t>((mtu + link_bytes_max + kernel_ring_bytes + kib - 1) / kib *
                                    kib);
}

/// The longest IP packet that an AF_XDP port takes, which keeps 256 bytes of each buffer to itself,
/// and buffers within a page.
inline constexpr std::uint32_t xdp_mtu_max =
    frame_bytes_for(mtu_default) - 256 - static_cast<std::uint32_t>(link_bytes_max);

/// A fixed number of buffers of one size, allocated once. Any thread may take and give back at any
/// time (see register_thread()).
class FramePool {
 public:
  enum class Reader {
    software,  ///< buffers lie close together
    device,    ///< by their physical addresses: none reaches over the end of a page
  };
  /// What a thread has of its own, for a while, at most: half as many again as its cache shall
  /// hold.
  static constexpr std::uint32_t cache_max = 256;
  static constexpr std::uint32_t at_hand_max = cache_max * 3 / 2;

  /// `private_bytes` stand beside each buffer for the caller's own use. Needs the EAL to run.
  /// They lie on `node` of the machine's memory where DPDK has some there, else on any: see
  /// is_near(). Throws StartError when memory_mb does not suffice.
  explicit FramePool(std::uint32_t frames, std::uint16_t private_bytes = 0,
                     Reader reader = Reader::software,
                     std::uint32_t frame_bytes_max = frame_bytes_for(mtu_default),
                     std::optional<int> node = {});
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
  /// The longest frame that a buffer holds.
  std::uint32_t frame_bytes_max() const { return frame_bytes_max_; }
  /// It lies where it was asked for, if it was. In ordinary pages the kernel alone decides that.
  bool is_near() const { return near_; }
  rte_mempool* native() const { return pool_; }

 private:
  std::uint32_t frames_;
  std::uint32_t frame_bytes_max_;
  bool near_ = true;
  rte_mempool* pool_;
};

}  // namespace muster::dpdk
