// A member's port in the simulation: a bounded pool of plain memory, and the wire behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cluster/mtu.h"
#include "cluster/packet.h"
#include "sim/verdict.h"

namespace muster::sim {

inline constexpr std::uint32_t payload_bytes_max = payload_bytes_of(mtu_default);

/// Who takes the packets that members transmit.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual void carry(std::size_t from, const Packet& packet) = 0;
};

/// Counts references, and tells the verdict of every packet that is released twice, or never. What
/// it lends is overwritten once nobody holds it.
class SimPort final : public PacketPort, private LendableMemory {
 public:
  SimPort(std::size_t server, std::size_t packets_max, std::uint32_t mtu, Wire& wire,
          Verdict& verdict);

  Packet* allocate() override;
  void retain(Packet& packet) override;
  void release(Packet& packet) override;
  bool attach(Packet& packet, std::span<const std::byte> bytes, MessageMemory& memory) override;
  LendableMemory* lendable_memory() override { return this; }
  void transmit(Packet& packet) override;

  /// A packet with these bytes, as if received; nullptr when the pool is exhausted.
  Packet* receive(std::span<const std::byte> bytes, const Endpoint& from);

  /// While set, nobody gets a packet from this pool.
  void set_exhausted(bool exhausted) { exhausted_ = exhausted; }
  /// Packets that somebody holds.
  std::size_t live() const { return live_; }
  /// Packets that nobody holds.
  std::size_t left() const { return packets_max_ - live_; }

 private:
  struct Buffer {
    Packet packet;
    std::uint32_t references;
    std::unique_ptr<std::byte[]> bytes;
    HeldMemory memory{};  ///< of what is attached
  };
  static Buffer& buffer_of(Packet& packet) { return *static_cast<Buffer*>(packet.native); }
  Packet* take();
  std::byte* allocate(std::size_t bytes) override;
  void free(std::byte* memory, std::size_t bytes) override;

  std::size_t server_;
  std::size_t packets_max_;
  std::uint32_t payload_bytes_;
  Wire& wire_;
  Verdict& verdict_;
  std::vector<std::unique_ptr<std::byte[]>> returned_;  // of what was lent: read no more
  std::vector<std::unique_ptr<Buffer>> buffers_;        // made when first needed
  std::vector<Buffer*> free_;
  std::size_t live_ = 0;
  bool exhausted_ = false;
};

}  // namespace muster::sim
