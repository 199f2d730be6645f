// How a transport's packets and answers leave.
#include <algorithm>
#include <span>
#include <utility>

#include <rte_mbuf.h>

#include "dpdk_transport/dpdk_transport.h"
#include "dpdk_transport/mbuf_packet.h"

namespace muster {

using namespace dpdk;  // NOLINT(google-build-using-namespace): as in dpdk_transport.cc

void DpdkTransport::transmit(Packet& packet) {
  if (packet.bytes() > packet.capacity) {
    ++stats_.oversize;
    return release(packet);
  }
  if (packet.expendable && !has_room_to_spare()) {
    ++stats_.tx_spared;
    return release(packet);
  }
  MacAddress group_mac;
  const MacAddress* destination = nullptr;
  if (packet.peer.address.is_multicast()) {
    group_mac = multicast_mac(packet.peer.address);
    destination = &group_mac;
  } else {
    const IpAddress& next_hop = route_.next_hop(packet.peer.address);
    destination = neighbours_.find(next_hop);
    if (destination == nullptr) {
      ++stats_.unresolved;
      ask_for(next_hop);
      return release(packet);
    }
  }
  Frame* frame = framed(packet, *destination);
  if (frame != nullptr) enqueue(*frame);
}

/// The packet's frame with its headers written; consumes the reference. A packet that is sent
/// again may still wait in the port, so headers that are right stay untouched, and a packet whose
/// headers would have to change goes out as a copy.
Frame* DpdkTransport::framed(Packet& packet, const MacAddress& destination) {
  auto& own = static_cast<MbufPacket&>(packet);
  Frame* frame = &frame_of(packet);
  if (own.framed && framer_.is_written(packet.payload(), destination, packet.peer)) return frame;
  if (own.framed && rte_mbuf_refcnt_read(frame) > 1) {
    auto* copy = static_cast<MbufPacket*>(allocate());
    if (copy != nullptr) {
      copy_payload(packet, *copy);
      copy->peer = packet.peer;
    }
    release(packet);
    return copy == nullptr ? nullptr : framed(*copy, destination);
  }
  std::byte* start = packet.data - framer_.headers_bytes();
  frame->data_off = static_cast<std::uint16_t>(start - static_cast<std::byte*>(frame->buf_addr));
  frame->data_len = static_cast<std::uint16_t>(framer_.headers_bytes() + packet.size);
  frame->pkt_len = frame->data_len + packet.tail_size;
  frame->ol_flags = tx_flags_;
  frame->tx_offload = tx_lengths_;
  framer_.write(packet.payload(), destination, packet.peer, packet.attached());
  own.framed = true;
  return frame;
}

/// A whole burst of room is left to what is not expendable.
bool DpdkTransport::has_room_to_spare() {
  if (outgoing_count_ >= burst_max) flush();
  return outgoing_count_ < burst_max;
}

void DpdkTransport::enqueue(Frame& frame) {
  if (outgoing_count_ == outgoing_max) flush();
  if (outgoing_count_ == outgoing_max) {
    ++stats_.tx_full;
    return rte_pktmbuf_free(&frame);
  }
  outgoing_[outgoing_count_++] = &frame;
  if (outgoing_count_ % burst_max == 0) flush();
}

void DpdkTransport::drop_outgoing(std::uint64_t& counter) {
  rte_pktmbuf_free_bulk(outgoing_.data(), static_cast<unsigned>(outgoing_count_));
  counter += std::exchange(outgoing_count_, 0);
}

/// What the port has no room for waits for the next time. What link() has found counts: to ask
/// the port costs a system call on some.
std::size_t DpdkTransport::flush() {
  if (outgoing_count_ == 0) return 0;
  const std::size_t taken = port_.send({outgoing_.data(), outgoing_count_}, queue_);
  stats_.sent += taken;
  outgoing_count_ -= taken;
  std::ranges::copy(std::span(outgoing_).subspan(taken, outgoing_count_), outgoing_.begin());
  if (outgoing_count_ > 0 && !had_link_) drop_outgoing(stats_.link_down);
  return outgoing_count_;
}

}  // namespace muster
