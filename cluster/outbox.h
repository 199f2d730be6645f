// Opens packets with the common header stamped, and sends them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "cluster/audience.h"
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
  /// One more for each copy of what goes to the group.
  static constexpr std::size_t reserve_packets = 8;
  /// The last of them are for heartbeats only. Without packets to receive with, all others seem
  /// silent, and asking after them must not silence this member.
  static constexpr std::size_t heartbeat_packets = 4;

  /// `port` outlives it.
  Outbox(PacketPort& port, Sender sender, Audience audience = Audience{})
      : port_(port), sender_(sender), audience_(std::move(audience)) {
    reserve_.reserve(reserve_max());
  }
  /// Gives the reserve back.
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  PacketPort& port() { return port_; }
  const Sender& sender() const { return sender_; }
  const Audience& audience() const { return audience_; }
  /// Somebody whom the group's address does not reach hears it all the same.
  void include(const Endpoint& member) {
    audience_.include(member);
    reserve_.reserve(reserve_max());
  }
  void exclude(const Endpoint& member);
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
  /// To a member, or to the group. Consumes the caller's reference.
  void send(Packet& packet, const Endpoint& to);
  /// The caller keeps his reference, and may send it again, to others as well. The packet itself
  /// goes where its `peer` says, or to the first to whom it goes where that says nothing; it may
  /// still be on its way there, so that others get copies.
  void send_kept(Packet& packet, const Endpoint& to);

  /// Takes what the reserve lacks from the pool. Called wherever packets may have become free,
  /// before the application can take them.
  void top_up() {
    if (reserve_.size() < reserve_max()) fill_reserve();
  }
  /// Packets in the reserve.
  std::size_t reserved() const { return reserve_.size(); }

  /// The loops that drive this member were away for so long, once more; and all together.
  void was_away(DurationNs away_ns) { away_ns_ += away_ns; }
  DurationNs away_ns() const { return away_ns_; }
  /// As it stands in packets.
  std::uint16_t away() const { return static_cast<std::uint16_t>(away_ns_ / wire::away_unit_ns); }

  /// Packets sent so far, by type: one to the group counts once, and so does each of its copies.
  std::uint64_t sent(wire::Type type) const { return sent_[static_cast<std::size_t>(type)]; }
  /// Times that no packet was to be had.
  std::uint64_t exhausted() const { return exhausted_; }

 private:
  std::size_t reserve_max() const { return reserve_packets + audience_.copies().size(); }
  void fill_reserve();
  /// For a packet of this type; counts when there is none.
  Packet* allocate(wire::Type type);
  std::uint8_t flags() const;
  Packet* take_reserved(wire::Type type);
  void send_to_all(Packet& packet);
  void send_copy(const Packet& packet, const Endpoint& to);
  void send_to_one(Packet& packet, const Endpoint& to);

  PacketPort& port_;
  Sender sender_;
  std::uint64_t packet_number_ = 0;
  DurationNs away_ns_ = 0;
  Audience audience_;
  std::vector<Packet*> reserve_;
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
  if (!bytes.empty())  // which may have no address
    std::memcpy(packet.data + packet.size, bytes.data(), bytes.size());
  packet.size += static_cast<std::uint32_t>(bytes.size());
}

}  // namespace muster
