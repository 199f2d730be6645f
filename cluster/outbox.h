// Opens packets with the common header stamped, and sends them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "cluster/packet.h"
#include "cluster/types.h"
#include "cluster/wire/layout.h"

namespace muster {

/// Who signs the packets of this member.
struct Sender {
  std::uint64_t cluster = 0;
  MemberKey self{};
};

class Outbox {
 public:
  Outbox(PacketPort& port, Sender sender) : port_(port), sender_(sender) {}

  PacketPort& port() { return port_; }
  const Sender& sender() const { return sender_; }
  /// A member that was removed while it lived signs with a higher incarnation from now on.
  void reincarnate(Incarnation incarnation) {
    sender_.self.incarnation = incarnation;
    packet_number_ = 0;
  }

  /// A packet with the header of `type`, or nullptr when the pool is exhausted.
  Packet* open(wire::Type type) {
    Packet* packet = port_.allocate();
    if (packet == nullptr) {
      ++exhausted_;
      return nullptr;
    }
    stamp(*packet, type);
    packet->size = sizeof(wire::Header);
    return packet;
  }

  /// Writes the header into the first bytes of `packet`; its size stays.
  void stamp(Packet& packet, wire::Type type) {
    auto* header = reinterpret_cast<wire::Header*>(packet.data);
    *header = wire::Header{.magic = wire::magic,
                           .version = wire::version,
                           .oldest_version = wire::oldest_version,
                           .type = static_cast<std::uint8_t>(type),
                           .flags = 0,
                           .cluster = sender_.cluster,
                           .sender = static_cast<std::uint64_t>(sender_.self.id),
                           .incarnation = sender_.self.incarnation,
                           .packet_number = ++packet_number_,
                           .tag = {}};
  }

  /// Consumes the caller's reference.
  void send(Packet& packet, const Endpoint& to) {
    ++sent_[reinterpret_cast<const wire::Header*>(packet.data)->type];
    // A retransmission may find the packet still on its way out in another thread.
    if (packet.peer != to) packet.peer = to;
    port_.transmit(packet);
  }

  /// Packets sent so far, by type.
  std::uint64_t sent(wire::Type type) const { return sent_[static_cast<std::size_t>(type)]; }
  /// Times that no packet was to be had.
  std::uint64_t exhausted() const { return exhausted_; }

 private:
  PacketPort& port_;
  Sender sender_;
  std::uint64_t packet_number_ = 0;
  std::array<std::uint64_t, wire::type_last + 1> sent_{};
  std::uint64_t exhausted_ = 0;
};

/// Appends a packed struct; the caller has made sure that it fits.
template <class T>
T& append(Packet& packet, const T& body) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1);
  auto* at = reinterpret_cast<T*>(packet.data + packet.size);
  *at = body;
  packet.size += static_cast<std::uint32_t>(sizeof(T));
  return *at;
}
inline void append(Packet& packet, std::span<const std::byte> bytes) {
  std::ranges::copy(bytes, packet.data + packet.size);  // an empty span may have no address
  packet.size += static_cast<std::uint32_t>(bytes.size());
}

}  // namespace muster
