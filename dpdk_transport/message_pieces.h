// Messages in DPDK's own memory, and frames that end with a piece of one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "cluster/message_memory.h"
#include "dpdk_transport/frame_pool.h"

namespace muster::dpdk {

inline constexpr std::size_t never_ends = SIZE_MAX;
/// A power of two, or never_ends.
inline bool lies_in_one_page(std::span<const std::byte> bytes, std::size_t page_bytes) {
  if (page_bytes == never_ends) return true;
  const auto first = reinterpret_cast<std::uintptr_t>(bytes.data());
  return first / page_bytes == (first + bytes.size() - 1) / page_bytes;
}

/// DPDK's heap is memory that every port can read: devices through the IOMMU, and the other ends of
/// those that share it.
class MessagePieces final : public LendableMemory {
 public:
  /// So many frames at most have a piece at a time. Near `node`, if there is memory. nullptr where
  /// the heap has too little left, or pages that are too short for a device.
  static std::unique_ptr<MessagePieces> open(std::uint32_t pieces, FramePool::Reader reader,
                                             std::optional<int> node);

  /// Half of what the heap had left at the start, but for a reserve, in sum: the rest is for what
  /// opens and connects later. Takes DPDK's lock.
  std::byte* allocate(std::size_t bytes) override;
  void free(std::byte* memory, std::size_t bytes) override;

  /// Has a frame of one segment end with `bytes` of `memory`, which is of here, and which it holds
  /// until it is free. False: so many have one already, or a device would have to read over the
  /// end of a page, which those of QEMU cannot: they drop such a frame, and each time again.
  bool attach(Frame& frame, std::span<const std::byte> bytes, MessageMemory& memory);

 private:
  MessagePieces(std::uint32_t pieces, FramePool::Reader reader, std::optional<int> node,
                std::size_t bytes_max);

  std::size_t page_bytes_;  ///< never_ends where software reads
  int node_;
  std::size_t bytes_max_;
  std::atomic<std::size_t> taken_bytes_{0};
  FramePool pool_;
};

}  // namespace muster::dpdk
