// The engine thread's way to the port: a ring to the I/O thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "cluster/packet.h"
#include "ring/spsc_ring.h"

namespace muster {

/// Packets come straight from the transport's pool, which every thread may use.
class EnginePort final : public PacketPort {
 public:
  EnginePort(Transport& transport, ring::SpscRing<Packet*>& outgoing)
      : transport_(transport), outgoing_(outgoing) {}

  Packet* allocate() override { return transport_.allocate(); }
  void retain(Packet& packet) override { transport_.retain(packet); }
  void release(Packet& packet) override { transport_.release(packet); }
  void transmit(Packet& packet) override {
    if (outgoing_.push(&packet)) return;
    ++dropped_;
    transport_.release(packet);
  }

  /// Packets for which the ring had no room. For the engine thread.
  std::uint64_t dropped() const { return dropped_; }

 private:
  Transport& transport_;
  ring::SpscRing<Packet*>& outgoing_;
  std::uint64_t dropped_ = 0;
};

}  // namespace muster
