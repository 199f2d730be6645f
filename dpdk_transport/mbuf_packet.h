// A packet of ours is a frame of DPDK's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include <rte_mbuf.h>

#include "cluster/packet.h"
#include "dpdk_transport/frame_pool.h"

namespace muster::dpdk {

/// A Packet in the private area of its mbuf.
struct MbufPacket : Packet {
  bool framed = false;  ///< its headers stand in front of the payload, for whomever
};
static_assert(sizeof(MbufPacket) <= 64 && alignof(MbufPacket) <= RTE_MBUF_PRIV_ALIGN);

inline MbufPacket& packet_in(Frame& frame, std::byte* payload, std::uint32_t size,
                             std::uint32_t capacity) {
  auto* packet = new (rte_mbuf_to_priv(&frame)) MbufPacket;
  packet->data = payload;
  packet->size = size;
  packet->capacity = capacity;
  packet->native = &frame;
  return *packet;
}

inline Frame& frame_of(const Packet& packet) { return *static_cast<Frame*>(packet.native); }

}  // namespace muster::dpdk
