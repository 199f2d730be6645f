#include "sim/sim_port.h"

#include <algorithm>
#include <cstring>

namespace muster::sim {
namespace {

/// Released memory is overwritten so far, so that a use after release shows.
constexpr std::size_t scribbled_bytes = 192;
constexpr std::size_t returned_max = 4;

}  // namespace

SimPort::SimPort(std::size_t server, std::size_t packets_max, std::uint32_t mtu, Wire& wire,
                 Verdict& verdict)
    : server_(server),
      packets_max_(packets_max),
      payload_bytes_(payload_bytes_of(mtu)),
      wire_(wire),
      verdict_(verdict) {}

Packet* SimPort::take() {
  if (free_.empty()) {
    if (buffers_.size() == packets_max_) return nullptr;
    buffers_.push_back(std::make_unique<Buffer>());
    buffers_.back()->bytes = std::make_unique_for_overwrite<std::byte[]>(payload_bytes_);
    free_.push_back(buffers_.back().get());
  }
  Buffer& buffer = *free_.back();
  free_.pop_back();
  buffer.packet = {.data = buffer.bytes.get(),
                   .size = 0,
                   .capacity = payload_bytes_,
                   .peer = {},
                   .native = &buffer,
                   .tail = nullptr,
                   .tail_size = 0};
  buffer.references = 1;
  ++live_;
  return &buffer.packet;
}

Packet* SimPort::allocate() { return exhausted_ ? nullptr : take(); }

Packet* SimPort::receive(std::span<const std::byte> bytes, const Endpoint& from) {
  Packet* packet = allocate();
  if (packet == nullptr) return nullptr;
  std::memcpy(packet->data, bytes.data(), bytes.size());
  packet->size = static_cast<std::uint32_t>(bytes.size());
  packet->peer = from;
  return packet;
}

void SimPort::retain(Packet& packet) {
  if (buffer_of(packet).references == 0)
    return verdict_.fail("I13", "m{} retains a packet that it has released", server_);
  ++buffer_of(packet).references;
}

void SimPort::release(Packet& packet) {
  Buffer& buffer = buffer_of(packet);
  if (buffer.references == 0) return verdict_.fail("I13", "m{} releases a packet twice", server_);
  if (--buffer.references > 0) return;
  --live_;
  std::memset(buffer.bytes.get(), 0xdd, std::min<std::size_t>(scribbled_bytes, packet.size));
  buffer.memory = {};
  free_.push_back(&buffer);
}

bool SimPort::attach(Packet& packet, std::span<const std::byte> bytes, MessageMemory& memory) {
  memory.hold();
  buffer_of(packet).memory = HeldMemory(&memory);
  packet.end_with(bytes);
  return true;
}

std::byte* SimPort::allocate(std::size_t bytes) {
  return std::make_unique_for_overwrite<std::byte[]>(bytes).release();
}

/// It stays for a while, so that a use after it shows as a wrong content, with its seed.
void SimPort::free(std::byte* memory, std::size_t bytes) {
  std::memset(memory, 0xdd, bytes);
  returned_.emplace_back(memory);
  if (returned_.size() > returned_max) returned_.erase(returned_.begin());
}

void SimPort::transmit(Packet& packet) {
  if (buffer_of(packet).references == 0)
    return verdict_.fail("I13", "m{} transmits a packet that it has released", server_);
  if (packet.tail_size == 0) {
    wire_.carry(server_, packet);
  } else {
    Packet whole = packet;
    const auto bytes = std::make_unique_for_overwrite<std::byte[]>(packet.bytes());
    whole.data = bytes.get();
    copy_payload(packet, whole);
    wire_.carry(server_, whole);
  }
  release(packet);
}

}  // namespace muster::sim
