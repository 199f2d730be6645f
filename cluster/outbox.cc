#include "cluster/outbox.h"

namespace muster {
namespace {

/// What membership says. Not the notice to whoever speaks another version: any stranger can ask
/// for that.
constexpr bool of_membership(wire::Type type) {
  return type >= wire::Type::heartbeat && type <= wire::Type::probe_request;
}

}  // namespace

Outbox::~Outbox() {
  for (Packet* packet : std::span(reserve_).first(reserved_)) port_.release(*packet);
}

Packet* Outbox::open(wire::Type type) {
  Packet* packet = port_.allocate();
  if (packet == nullptr) packet = take_reserved(type);
  if (packet == nullptr) {
    ++exhausted_;
    return nullptr;
  }
  stamp(*packet, type);
  packet->size = sizeof(wire::Header);
  return packet;
}

void Outbox::stamp(Packet& packet, wire::Type type) {
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

void Outbox::send(Packet& packet, const Endpoint& to) {
  ++sent_[reinterpret_cast<const wire::Header*>(packet.data)->type];
  // A retransmission may find the packet still on its way out in another thread.
  if (packet.peer != to) packet.peer = to;
  port_.transmit(packet);
}

void Outbox::fill_reserve() {
  while (reserved_ < reserve_packets) {
    Packet* packet = port_.allocate();
    if (packet == nullptr) return;
    reserve_[reserved_++] = packet;
  }
}

Packet* Outbox::take_reserved(wire::Type type) {
  const std::size_t kept = type == wire::Type::heartbeat ? 0 : heartbeat_packets;
  if (!of_membership(type) || reserved_ <= kept) return nullptr;
  return reserve_[--reserved_];
}

}  // namespace muster
