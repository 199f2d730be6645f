// A member's port where no session runs: what it receives is a view of the packet under way, which
// all receivers share.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <vector>

#include "cluster/packet.h"
#include "sim/sim_port.h"

namespace muster::bench {

/// Neither delivering nor sending copies for each receiver, or allocates once it is warm.
class ViewPort final : public PacketPort {
 public:
  ViewPort(std::size_t server, sim::Wire& wire) : server_(server), wire_(wire) {}

  Packet* allocate() override {
    if (free_.empty()) {
      buffers_.push_back(std::make_unique_for_overwrite<Buffer>());
      free_.push_back(buffers_.back().get());
    }
    Buffer& buffer = *free_.back();
    free_.pop_back();
    buffer.packet = {.data = buffer.bytes.data(),
                     .size = 0,
                     .capacity = sim::payload_bytes_max,
                     .peer = {},
                     .native = &buffer};
    return &buffer.packet;
  }
  /// Only sessions keep packets, and without messages there are none.
  void retain(Packet&) override { throw std::logic_error("a packet is kept, though none is sent"); }
  void release(Packet& packet) override { free_.push_back(static_cast<Buffer*>(packet.native)); }
  void transmit(Packet& packet) override {
    wire_.carry(server_, packet);
    release(packet);
  }

 private:
  struct Buffer {
    Packet packet;
    std::array<std::byte, sim::payload_bytes_max> bytes;
  };
  std::size_t server_;
  sim::Wire& wire_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<Buffer*> free_;
};

}  // namespace muster::bench
