#include "bench/scale/repair_tap.h"

#include "cluster/wire/layout.h"

namespace muster::bench {
namespace {

const wire::Header& header_of(std::span<const std::byte> payload) {
  return *reinterpret_cast<const wire::Header*>(payload.data());
}
template <class Body>
const Body& body_of(std::span<const std::byte> payload) {
  return *reinterpret_cast<const Body*>(payload.data() + sizeof(wire::Header));
}
/// Of a request or an answer: the number that makes them a pair, and who asks.
template <class Body>
std::uint64_t name_of(std::size_t requester, std::span<const std::byte> payload) {
  return std::uint64_t{requester} << 32 | body_of<Body>(payload).request;
}

}  // namespace

bool RepairTap::lacks(std::size_t server, Version version) const {
  const Replica* copy = cluster_.member(server).directory().replica(cluster_.roster().id(owner_));
  return copy == nullptr || copy->tree().version() < version;
}

void RepairTap::sent(std::size_t server, const Packet& packet) {
  const std::span<const std::byte> payload = packet.payload();
  const wire::Header& header = header_of(payload);
  const auto type = wire::Type{header.type};
  if (type == wire::Type::sync_request) {
    asked_.insert(name_of<wire::SyncRequest>(server, payload));
    ++cost_.requester;
  } else if (type == wire::Type::sync_answer) {
    ++(server == owner_ ? cost_.owner : cost_.bystander);
  } else if (type == wire::Type::advertisement) {
    const Version version = body_of<wire::Advertisement>(payload).to_version;
    if (version > said_) {
      said_ = version;
    } else {
      repeated_.insert(header.packet_number);
      ++cost_.owner;
    }
  }
}

void RepairTap::received(std::size_t server, std::span<const std::byte> payload) {
  const wire::Header& header = header_of(payload);
  const auto type = wire::Type{header.type};
  if (type == wire::Type::advertisement) {
    if (!repeated_.contains(header.packet_number))
      ++cost_.arrived;
    else
      ++(lacks(server, body_of<wire::Advertisement>(payload).to_version) ? cost_.requester
                                                                         : cost_.bystander);
  } else if (type == wire::Type::sync_request) {
    ++(server == owner_ ? cost_.owner : cost_.bystander);
  } else if (type == wire::Type::sync_answer) {
    const bool asked = asked_.erase(name_of<wire::SyncAnswer>(server, payload)) == 1;
    ++(asked ? cost_.requester : cost_.bystander);
  }
}

}  // namespace muster::bench
