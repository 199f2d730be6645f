// The engine thread's way to the port: a ring to each I/O thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cluster/packet.h"
#include "ring/spsc_ring.h"

namespace muster {

/// Packets come straight from the transport's pool, which every thread may use. What goes to one
/// peer goes by one queue, so that it keeps its order; what goes to a group, by the first.
class EnginePort final : public PacketPort {
 public:
  using PacketRing = ring::SpscRing<Packet*>;

  /// One ring at least.
  EnginePort(Transport& transport, std::vector<PacketRing*> outgoing)
      : transport_(transport),
        outgoing_(std::move(outgoing)),
        first_(*outgoing_.front()),
        several_(outgoing_.size() > 1) {}

  Packet* allocate() override { return transport_.allocate(); }
  void retain(Packet& packet) override { transport_.retain(packet); }
  void release(Packet& packet) override { transport_.release(packet); }
  void transmit(Packet& packet) override {
    PacketRing& ring = several_ ? *outgoing_[queue_of(packet.peer)] : first_;
    if (ring.push(&packet)) return;
    ++dropped_;
    transport_.release(packet);
  }

  /// Packets for which a ring had no room. For the engine thread.
  std::uint64_t dropped() const { return dropped_; }
  std::size_t queue_of(const Endpoint& peer) const {
    if (peer.address.is_multicast()) return 0;
    const std::uint64_t mixed =
        (peer.address.high ^ peer.address.low ^ peer.port) * 0x9e37'79b9'7f4a'7c15;
    return (mixed >> 32) % outgoing_.size();
  }

 private:
  Transport& transport_;
  const std::vector<PacketRing*> outgoing_;
  PacketRing& first_;
  const bool several_;
  std::uint64_t dropped_ = 0;
};

}  // namespace muster
