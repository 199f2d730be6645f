#include "dpdk_transport/message_pieces.h"

#include <algorithm>

#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_memory.h>

namespace muster::dpdk {

namespace {

/// For a memif that connects anew, a NIC that is taken again, a thread that registers.
constexpr std::size_t reserve_bytes = std::size_t{8} << 20;

/// Less is not worth the trouble.
constexpr std::size_t messages_bytes_min = std::size_t{1} << 20;
/// An mbuf with its headroom, what it shares, and what a pool puts around it.
constexpr std::size_t piece_bytes = 512;

/// Else nearly every piece would reach over an end.
constexpr std::size_t page_bytes_min = std::size_t{1} << 20;

/// The shortest that there are.
std::size_t heap_page_bytes() {
  std::size_t shortest = never_ends;
  rte_memseg_walk(
      [](const rte_memseg_list* list, const rte_memseg*, void* found) {
        auto& bytes = *static_cast<std::size_t*>(found);
        if (list->external == 0) bytes = std::min(bytes, std::size_t{list->page_sz});
        return 0;
      },
      &shortest);
  return shortest;
}

/// Of a node, or of all.
std::size_t free_heap_bytes(std::optional<int> node) {
  std::size_t bytes = 0;
  for (unsigned i = 0; i < rte_socket_count(); ++i) {
    const int socket = rte_socket_id_by_idx(i);
    rte_malloc_socket_stats stats{};
    if ((!node || *node == socket) && rte_malloc_get_socket_stats(socket, &stats) == 0)
      bytes += stats.heap_freesz_bytes;
  }
  return bytes;
}

void let_go(void* /*piece*/, void* memory) { static_cast<MessageMemory*>(memory)->let_go(); }

}  // namespace

std::unique_ptr<MessagePieces> MessagePieces::open(std::uint32_t pieces, FramePool::Reader reader,
                                                   std::optional<int> node) {
  const std::size_t bytes = free_heap_bytes(node);
  const std::size_t others = pieces * piece_bytes + reserve_bytes;
  if (bytes < others + 2 * messages_bytes_min) return nullptr;
  std::unique_ptr<MessagePieces> opened(
      new MessagePieces(pieces, reader, node, (bytes - others) / 2));
  if (opened->page_bytes_ < page_bytes_min) return nullptr;
  return opened;
}

MessagePieces::MessagePieces(std::uint32_t pieces, FramePool::Reader reader,
                             std::optional<int> node, std::size_t bytes_max)
    : page_bytes_(reader == FramePool::Reader::device ? heap_page_bytes() : never_ends),
      node_(node.value_or(SOCKET_ID_ANY)),
      bytes_max_(bytes_max),
      pool_(pieces, sizeof(rte_mbuf_ext_shared_info), FramePool::Reader::software, 0, node) {}

std::byte* MessagePieces::allocate(std::size_t bytes) {
  void* memory = nullptr;
  if (taken_bytes_.fetch_add(bytes) + bytes <= bytes_max_)
    memory = rte_malloc_socket("muster_messages", bytes, RTE_CACHE_LINE_SIZE, node_);
  if (memory == nullptr) taken_bytes_ -= bytes;
  return static_cast<std::byte*>(memory);
}

void MessagePieces::free(std::byte* memory, std::size_t bytes) {
  rte_free(memory);
  taken_bytes_ -= bytes;
}

bool MessagePieces::attach(Frame& frame, std::span<const std::byte> bytes, MessageMemory& memory) {
  if (!lies_in_one_page(bytes, page_bytes_)) return false;
  Frame* piece = pool_.allocate();
  if (piece == nullptr) return false;
  auto* shared = static_cast<rte_mbuf_ext_shared_info*>(rte_mbuf_to_priv(piece));
  shared->free_cb = let_go;
  shared->fcb_opaque = &memory;
  rte_mbuf_ext_refcnt_set(shared, 1);
  memory.hold();
  // Ports read it only, and where they read by device its address there is the same.
  void* at = const_cast<std::byte*>(bytes.data());
  const auto size = static_cast<std::uint16_t>(bytes.size());
  rte_pktmbuf_attach_extbuf(piece, at, reinterpret_cast<rte_iova_t>(at), size, shared);
  piece->data_len = size;
  piece->pkt_len = size;
  frame.next = piece;
  frame.nb_segs = 2;
  return true;
}

}  // namespace muster::dpdk
