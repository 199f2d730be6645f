#include "socket_transport/packet_pool.h"

#include <cassert>
#include <new>

namespace muster::socket {

void PacketPool::FreeLines::operator()(std::byte* lines) const {
  ::operator delete[](lines, std::align_val_t{line_bytes});
}

PacketPool::PacketPool(std::uint32_t packets, std::uint32_t payload_bytes)
    : payload_bytes_(payload_bytes), slots_(new Slot[packets]) {
  assert(packets > 0 && packets <= position_mask);
  const std::size_t stride = (payload_bytes + line_bytes - 1) / line_bytes * line_bytes;
  payloads_.reset(new (std::align_val_t{line_bytes}) std::byte[stride * packets]);
  for (std::uint32_t i = 0; i < packets; ++i) {
    slots_[i].data = payloads_.get() + stride * i;
    slots_[i].capacity = payload_bytes;
    slots_[i].native = &slots_[i];
    slots_[i].next.store(i + 1 < packets ? i + 2 : 0, std::memory_order_relaxed);
  }
  head_.store(1, std::memory_order_release);
}

Packet* PacketPool::allocate() {
  std::uint64_t head = head_.load(std::memory_order_acquire);
  while ((head & position_mask) != 0) {
    Slot& slot = slots_[(head & position_mask) - 1];
    // Another thread may take this slot meanwhile: the tag then differs, and the value read here
    // is thrown away.
    const std::uint64_t next = slot.next.load(std::memory_order_relaxed);
    const std::uint64_t tag = (head | position_mask) + 1;
    if (head_.compare_exchange_weak(head, tag | next, std::memory_order_acq_rel,
                                    std::memory_order_acquire)) {
      slot.references.store(1, std::memory_order_relaxed);
      slot.size = 0;
      slot.expendable = false;
      return &slot;
    }
  }
  return nullptr;
}

void PacketPool::retain(Packet& packet) {
  static_cast<Slot&>(packet).references.fetch_add(1, std::memory_order_relaxed);
}

void PacketPool::release(Packet& packet) {
  auto& slot = static_cast<Slot&>(packet);
  // The only holder needs no atomic subtraction: nobody else can add a reference.
  const bool last = slot.references.load(std::memory_order_acquire) == 1 ||
                    slot.references.fetch_sub(1, std::memory_order_acq_rel) == 1;
  if (!last) return;
  const auto position = static_cast<std::uint64_t>(&slot - slots_.get()) + 1;
  std::uint64_t head = head_.load(std::memory_order_relaxed);
  std::uint64_t tag = 0;
  do {
    slot.next.store(static_cast<std::uint32_t>(head & position_mask), std::memory_order_relaxed);
    tag = (head | position_mask) + 1;
  } while (!head_.compare_exchange_weak(head, tag | position, std::memory_order_acq_rel,
                                        std::memory_order_relaxed));
}

std::uint32_t PacketPool::available() const {
  std::uint32_t count = 0;
  std::uint64_t position = head_.load(std::memory_order_acquire) & position_mask;
  for (; position != 0; ++count) {
    position = slots_[position - 1].next.load(std::memory_order_relaxed);
  }
  return count;
}

}  // namespace muster::socket
