// A PacketPort that allocates nothing once it is there.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "cluster/packet.h"

namespace muster::test {

/// All its packets exist from the beginning; what it transmits waits in a queue of fixed size.
class FixedPort final : public PacketPort {
 public:
  FixedPort() : sent_(), memory_(slots * packet_bytes) {
    for (std::size_t i = 0; i < slots; ++i) {
      packets_[i].data = memory_.data() + i * packet_bytes;
      packets_[i].capacity = packet_bytes;
      packets_[i].native = &references_[i];
    }
    sent_.reserve(slots);
  }
  Packet* allocate() override {
    for (std::size_t i = 0; i < slots; ++i)
      if (references_[i] == 0) {
        references_[i] = 1;
        packets_[i].size = 0;
        packets_[i].peer = {};
        return &packets_[i];
      }
    return nullptr;
  }
  void retain(Packet& packet) override { ++references(packet); }
  void release(Packet& packet) override { --references(packet); }
  void transmit(Packet& packet) override { sent_.push_back(&packet); }

  /// Gives what was transmitted to `hear(Packet&)`, but for every `lost_each`-th packet.
  template <class Hear>
  void carry(std::size_t lost_each, Hear&& hear) {
    for (Packet* packet : sent_) {
      if (++carried_ % lost_each != 0) hear(*packet);
      release(*packet);
    }
    sent_.clear();
  }

 private:
  static constexpr std::size_t slots = 4096;
  static constexpr std::uint32_t packet_bytes = 256;
  /// The packet may be the other port's: carry() hands over the very packets.
  static std::size_t& references(const Packet& packet) {
    return *static_cast<std::size_t*>(packet.native);
  }
  std::array<Packet, slots> packets_{};
  std::array<std::size_t, slots> references_{};
  std::vector<Packet*> sent_;
  std::vector<std::byte> memory_;
  std::size_t carried_ = 0;
};

}  // namespace muster::test
