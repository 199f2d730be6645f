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
  for (Packet* packet : reserve_) port_.release(*packet);
}

void Outbox::exclude(const Endpoint& member) {
  audience_.exclude(member);
  for (; reserve_.size() > reserve_max(); reserve_.pop_back()) port_.release(*reserve_.back());
}

Packet* Outbox::allocate(wire::Type type) {
  Packet* packet = port_.allocate();
  if (packet == nullptr) packet = take_reserved(type);
  if (packet == nullptr) ++exhausted_;
  return packet;
}

Packet* Outbox::open(wire::Type type) {
  Packet* packet = allocate(type);
  if (packet == nullptr) return nullptr;
  stamp(*packet, type);
  packet->size = sizeof(wire::Header);
  return packet;
}

std::uint8_t Outbox::flags() const {
  const std::uint8_t deaf = audience_.multicast() ? 0 : wire::flag_deaf;
  const std::uint8_t introduces = audience_.copies().empty() ? 0 : wire::flag_introduces;
  return deaf | introduces;
}

void Outbox::stamp(Packet& packet, wire::Type type) {
  auto* header = reinterpret_cast<wire::Header*>(packet.data);
  *header = wire::Header{.magic = wire::magic,
                         .version = wire::version,
                         .oldest_version = wire::oldest_version,
                         .type = static_cast<std::uint8_t>(type),
                         .flags = flags(),
                         .cluster = sender_.cluster,
                         .sender = static_cast<std::uint64_t>(sender_.self.id),
                         .incarnation = sender_.self.incarnation,
                         .packet_number = ++packet_number_,
                         .tag = {}};
}

void Outbox::send(Packet& packet, const Endpoint& to) {
  if (to == audience_.group())
    send_to_all(packet);
  else
    send_to_one(packet, to);
}

void Outbox::send_kept(Packet& packet, const Endpoint& to) {
  if (packet.peer != Endpoint{} && packet.peer != to) return send_copy(packet, to);
  port_.retain(packet);
  send_to_one(packet, to);
}

/// docs/protocol.md §4.5. The packet itself goes last: copies are made of it before.
void Outbox::send_to_all(Packet& packet) {
  std::span<const Endpoint> copies = audience_.copies();
  if (!audience_.multicast() && copies.empty()) return port_.release(packet);
  const Endpoint last = audience_.multicast() ? audience_.group() : copies.back();
  if (!audience_.multicast()) copies = copies.first(copies.size() - 1);
  for (const Endpoint& to : copies) send_copy(packet, to);
  send_to_one(packet, last);
}

/// Where there is no packet for it, the copy is lost as if on its way.
void Outbox::send_copy(const Packet& packet, const Endpoint& to) {
  Packet* copy = allocate(wire::Type{reinterpret_cast<const wire::Header*>(packet.data)->type});
  if (copy == nullptr) return;
  copy_payload(packet, *copy);
  copy->expendable = packet.expendable;
  send_to_one(*copy, to);
}

void Outbox::send_to_one(Packet& packet, const Endpoint& to) {
  ++sent_[reinterpret_cast<const wire::Header*>(packet.data)->type];
  // A retransmission may find the packet still on its way out in another thread.
  if (packet.peer != to) packet.peer = to;
  port_.transmit(packet);
}

void Outbox::fill_reserve() {
  while (reserve_.size() < reserve_max()) {
    Packet* packet = port_.allocate();
    if (packet == nullptr) return;
    reserve_.push_back(packet);
  }
}

Packet* Outbox::take_reserved(wire::Type type) {
  const std::size_t kept =
      type == wire::Type::heartbeat ? 0 : heartbeat_packets + audience_.copies().size();
  if (!of_membership(type) || reserve_.size() <= kept) return nullptr;
  Packet* packet = reserve_.back();
  reserve_.pop_back();
  return packet;
}

}  // namespace muster
