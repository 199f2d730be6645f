#include "bench/scale/repair_tap.h"

#include "cluster/wire/layout.h"

namespace muster::bench {
namespace {

wire::Type type_of(std::span<const std::byte> payload) {
  return wire::Type{reinterpret_cast<const wire::Header*>(payload.data())->type};
}
/// Of a request or an answer: the number that makes them a pair, and who asks.
template <class Body>
std::uint64_t name_of(std::size_t requester, std::span<const std::byte> payload) {
  const auto* body = reinterpret_cast<const Body*>(payload.data() + sizeof(wire::Header));
  return std::uint64_t{requester} << 32 | body->request;
}

}  // namespace

void RepairTap::sent(std::size_t server, const Packet& packet) {
  const wire::Type type = type_of(packet.payload());
  if (type == wire::Type::sync_request) {
    asked_.insert(name_of<wire::SyncRequest>(server, packet.payload()));
    ++cost_.requester;
  } else if (type == wire::Type::sync_answer) {
    ++(server == owner_ ? cost_.owner : cost_.bystander);
  }
}

void RepairTap::received(std::size_t server, std::span<const std::byte> payload) {
  const wire::Type type = type_of(payload);
  if (type == wire::Type::advertisement) {
    ++cost_.arrived;
  } else if (type == wire::Type::sync_request) {
    ++(server == owner_ ? cost_.owner : cost_.bystander);
  } else if (type == wire::Type::sync_answer) {
    const bool asked = asked_.erase(name_of<wire::SyncAnswer>(server, payload)) == 1;
    ++(asked ? cost_.requester : cost_.bystander);
  }
}

}  // namespace muster::bench
