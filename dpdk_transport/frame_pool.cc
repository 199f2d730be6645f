#include "dpdk_transport/frame_pool.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "dpdk_transport/eal.h"

namespace muster::dpdk {

namespace {

/// As rte_pktmbuf_pool_create() does it, which takes no flags. Unless told that it need not, DPDK
/// keeps each buffer within a page: of ordinary ones it then wastes four bytes in ten, and every
/// buffer begins in the same set of the cache. And the driver of af_xdp (of this DPDK) tells the
/// kernel how large the pool is as if there were no gaps: what lies behind that is never sent.
rte_mempool* create_pool(const std::string& name, std::uint32_t frames, std::uint32_t cache,
                         std::uint16_t private_bytes, FramePool::Reader reader,
                         std::uint32_t frame_bytes_max, int node) {
  rte_pktmbuf_pool_private sizes{};
  sizes.mbuf_data_room_size = static_cast<std::uint16_t>(frame_bytes_max + RTE_PKTMBUF_HEADROOM);
  sizes.mbuf_priv_size = private_bytes;
  const auto element =
      static_cast<unsigned>(sizeof(rte_mbuf) + private_bytes + sizes.mbuf_data_room_size);
  const unsigned flags = reader == FramePool::Reader::software ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
  rte_mempool* pool =
      rte_mempool_create_empty(name.c_str(), frames, element, cache, sizeof sizes, node, flags);
  if (pool == nullptr) return nullptr;
  int result = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), nullptr);
  if (result == 0) {
    rte_pktmbuf_pool_init(pool, &sizes);
    result = rte_mempool_populate_default(pool);
  }
  if (result < 0) {
    rte_mempool_free(pool);
    rte_errno = -result;
    return nullptr;
  }
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
  return pool;
}

}  // namespace

std::span<std::byte> bytes(Frame& frame) {
  return {rte_pktmbuf_mtod(&frame, std::byte*), rte_pktmbuf_data_len(&frame)};
}
std::span<const std::byte> bytes(const Frame& frame) {
  return {rte_pktmbuf_mtod(&frame, const std::byte*), rte_pktmbuf_data_len(&frame)};
}

std::size_t frame_bytes(const Frame& frame) { return rte_pktmbuf_pkt_len(&frame); }

bool resize(Frame& frame, std::size_t size) {
  if (size > static_cast<std::size_t>(frame.buf_len) - frame.data_off || frame.nb_segs != 1)
    return false;
  frame.data_len = static_cast<std::uint16_t>(size);
  frame.pkt_len = frame.data_len;
  return true;
}

bool join(Frame& frame) { return frame.nb_segs == 1 || rte_pktmbuf_linearize(&frame) == 0; }

void free_frame(Frame* frame) { rte_pktmbuf_free(frame); }

FramePool::FramePool(std::uint32_t frames, std::uint16_t private_bytes, Reader reader,
                     std::uint32_t frame_bytes_max, std::optional<int> node)
    : frames_(frames), frame_bytes_max_(frame_bytes_max) {
  static std::atomic<unsigned> pools{0};
  const std::string name = fmt::format("muster_{}", pools.fetch_add(1));
  // What one thread's cache holds is out of reach for the others: keep that small beside the pool.
  const std::uint32_t cache = std::min(cache_max, frames / 8);
  const auto aligned = static_cast<std::uint16_t>((private_bytes + RTE_MBUF_PRIV_ALIGN - 1U) &
                                                  ~(RTE_MBUF_PRIV_ALIGN - 1U));
  const auto on = [&](int socket) {
    return create_pool(name, frames, cache, aligned, reader, frame_bytes_max, socket);
  };
  pool_ = on(node.value_or(SOCKET_ID_ANY));
  if (pool_ == nullptr && node) {
    pool_ = on(SOCKET_ID_ANY);
    near_ = false;
  }
  if (pool_ != nullptr) return;
  const std::uint64_t needed =
      std::uint64_t{frames} * (frame_bytes_max + RTE_PKTMBUF_HEADROOM + 256 + private_bytes);
  throw StartError(
      fmt::format("a pool of {} packets of {} bytes needs {} MiB of DPDK's memory, which has less "
                  "left ({}): raise memory_mb, or lower pool_packets or mtu",
                  frames, frame_bytes_max, needed / (1 << 20) + 1, rte_strerror(rte_errno)));
}

FramePool::~FramePool() { rte_mempool_free(pool_); }

Frame* FramePool::allocate() { return rte_pktmbuf_alloc(pool_); }

Frame* FramePool::clone(const Frame& frame) {
  Frame* copy = rte_pktmbuf_alloc(pool_);
  if (copy == nullptr) return nullptr;
  if (frame.nb_segs != 1 || !resize(*copy, frame.data_len)) {
    rte_pktmbuf_free(copy);
    return nullptr;
  }
  std::memcpy(bytes(*copy).data(), bytes(frame).data(), frame.data_len);
  return copy;
}

std::uint32_t FramePool::available() const { return rte_mempool_avail_count(pool_); }

}  // namespace muster::dpdk
