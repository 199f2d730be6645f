// What membership says: docs/protocol.md §4 and §5.
#include "cluster/membership/membership.h"

namespace muster {

void Membership::send_join(const Endpoint& to) {
  Packet* packet = outbox_.open(wire::Type::join);
  if (packet == nullptr) return;
  append(*packet, wire::Join{.name_length = static_cast<std::uint8_t>(config_.name.size())});
  append(*packet, std::as_bytes(std::span(config_.name)));
  outbox_.send(*packet, to);
}

/// docs/protocol.md §5.1.
void Membership::send_heartbeat(const Endpoint& to) {
  Packet* packet = outbox_.open(wire::Type::heartbeat);
  if (packet == nullptr) return;
  wire::Heartbeat& heartbeat = append(*packet, wire::Heartbeat{});
  listener_.describe_directory(heartbeat);
  heartbeat.view_digest = view_digest_;
  heartbeat.members_alive = static_cast<std::uint16_t>(peers_.size() + 1);
  heartbeat.name_length = static_cast<std::uint8_t>(config_.name.size());
  append(*packet, std::as_bytes(std::span(config_.name)));
  outbox_.send(*packet, to);
}

void Membership::send_refuse(const Endpoint& to, wire::RefuseReason reason, Incarnation known,
                             const Endpoint& holder) {
  Packet* packet = outbox_.open(wire::Type::refuse);
  if (packet == nullptr) return;
  append(*packet, wire::Refuse{.reason = static_cast<std::uint8_t>(reason),
                               .known_incarnation = known,
                               .holder = wire::address_of(holder)});
  outbox_.send(*packet, to);
}

void Membership::send_removed(const Endpoint& to, Incarnation removed) {
  Packet* packet = outbox_.open(wire::Type::removed);
  if (packet == nullptr) return;
  append(*packet, wire::Removed{.incarnation = removed});
  outbox_.send(*packet, to);
}

void Membership::send_leave() {
  if (Packet* packet = outbox_.open(wire::Type::leave)) outbox_.send(*packet, config_.group);
}

}  // namespace muster
