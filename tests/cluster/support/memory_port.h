// A PacketPort in plain memory: counts what is alive, so that leaks are seen, and keeps what was
// transmitted until a test takes it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "cluster/mtu.h"
#include "cluster/packet.h"

namespace muster::test {

/// As much as it says, and counted.
class BoundedMemory final : public LendableMemory {
 public:
  explicit BoundedMemory(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  std::byte* allocate(std::size_t bytes) override {
    if (taken_ + bytes > bytes_max_) return nullptr;
    taken_ += bytes;
    return new std::byte[bytes];
  }
  void free(std::byte* memory, std::size_t bytes) override {
    taken_ -= bytes;
    delete[] memory;
  }
  std::size_t taken() const { return taken_; }

 private:
  const std::size_t bytes_max_;
  std::size_t taken_ = 0;
};

class MemoryPort : public PacketPort {
 public:
  static constexpr std::uint32_t payload_bytes = payload_bytes_of(mtu_default);

  /// At most `packets_max` are alive at once; past that allocate() finds the pool empty.
  explicit MemoryPort(std::size_t packets_max = 4096) : packets_max_(packets_max) {}

  Packet* allocate() override { return alive_ < packets_max_ ? &make() : nullptr; }
  void retain(Packet& packet) override { ++buffer_of(packet).references; }
  void release(Packet& packet) override {
    Buffer& buffer = buffer_of(packet);
    if (--buffer.references > 0) return;
    --alive_;
    delete &buffer;
  }
  bool attach(Packet& packet, std::span<const std::byte> bytes, MessageMemory& memory) override {
    memory.hold();
    buffer_of(packet).memory = HeldMemory(&memory);
    packet.end_with(bytes);
    return true;
  }
  void transmit(Packet& packet) override {
    transmitted_.push_back(
        {packet.peer, {packet.data, packet.data + packet.size}, packet.expendable});
    const auto attached = packet.attached();
    std::ranges::copy(attached, std::back_inserter(transmitted_.back().bytes));
    release(packet);
  }

  struct Transmitted {
    Endpoint to;
    std::vector<std::byte> bytes;
    bool expendable = false;
  };
  /// What was transmitted since the last call, in order.
  std::vector<Transmitted> take_transmitted() { return std::exchange(transmitted_, {}); }
  /// A packet as if it had been received from `from`; the caller releases it. There is one also
  /// when the pool is empty: a device has packets of its own to receive with.
  Packet& received(const Endpoint& from, std::span<const std::byte> bytes) {
    Packet& packet = make();
    std::ranges::copy(bytes, packet.data);
    packet.size = static_cast<std::uint32_t>(bytes.size());
    packet.peer = from;
    return packet;
  }

  std::size_t alive() const { return alive_; }
  void set_packets_max(std::size_t packets_max) { packets_max_ = packets_max; }

 private:
  struct Buffer {
    Packet packet;
    int references = 1;
    HeldMemory memory{};  ///< of what is attached
    std::array<std::byte, payload_bytes> bytes;
  };
  static Buffer& buffer_of(const Packet& packet) { return *static_cast<Buffer*>(packet.native); }
  Packet& make() {
    ++alive_;
    auto* buffer = new Buffer;
    buffer->packet = {.data = buffer->bytes.data(), .capacity = payload_bytes, .native = buffer};
    return buffer->packet;
  }

  std::size_t packets_max_;
  std::size_t alive_ = 0;
  std::vector<Transmitted> transmitted_;
};

}  // namespace muster::test
