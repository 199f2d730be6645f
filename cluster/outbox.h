// Opens packets with the common header stamped, and sends them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
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

/// Keeps a reserve of packets for membership: whoever's sessions and application hold all the
/// others would else fall silent, and be declared dead while it lives.
class Outbox {
 public:
  /// Packets in a full reserve: what a member says in a few heartbeats, and little beside a pool.
  static constexpr std::size_t reserve_packets = 8;
  /// The last of them are for heartbeats only. Without packets to receive with, all others seem
  /// silent, and asking after them must not silence this member.
  static constexpr std::size_t heartbeat_packets = 4;

  /// `port` outlives it.
  Outbox(PacketPort& port, Sender sender) : port_(port), sender_(sender) {}
  /// Gives the reserve back.
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  PacketPort& port() { return port_; }
  const Sender& sender() const { return sender_; }
  /// A member that was removed while it lived signs with a higher incarnation from now on.
  void reincarnate(Incarnation incarnation) {
    sender_.self.incarnation = incarnation;
    packet_number_ = 0;
  }

  /// A packet with the header of `type`, or nullptr when the pool is exhausted, and for membership
  /// the reserve as well.
  Packet* open(wire::Type type);
  /// Writes the header into the first bytes of `packet`; its size stays.
  void stamp(Packet& packet, wire::Type type);
  /// Consumes the caller's reference.
  void send(Packet& packet, const Endpoint& to);

  /// Takes what the reserve lacks from the pool. Called wherever packets may have become free,
  /// before the application can take them.
  void top_up() {
    if (reserved_ < reserve_packets) fill_reserve();
  }
  /// Packets in the reserve.
  std::size_t reserved() const { return reserved_; }

  /// Packets sent so far, by type.
  std::uint64_t sent(wire::Type type) const { return sent_[static_cast<std::size_t>(type)]; }
  /// Times that no packet was to be had.
  std::uint64_t exhausted() const { return exhausted_; }

 private:
  void fill_reserve();
  Packet* take_reserved(wire::Type type);

  PacketPort& port_;
  Sender sender_;
  std::uint64_t packet_number_ = 0;
  std::array<Packet*, reserve_packets> reserve_{};
  std::size_t reserved_ = 0;
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
