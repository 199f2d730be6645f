// Neighbour discovery (RFC 4861): what IPv6 has instead of ARP.
#pragma once

#include <cstddef>
#include <span>

#include "dpdk_transport/classify.h"
#include "dpdk_transport/icmpv6.h"
#include "dpdk_transport/neighbours.h"

namespace muster::dpdk {

inline constexpr std::size_t discovery_frame_bytes = sizeof(EthernetHeader) + sizeof(Ipv6Header) +
                                                     sizeof(NeighbourMessage) +
                                                     sizeof(LinkAddressOption);

/// "Who is at `address`?", to the few that listen there. `frame` has discovery_frame_bytes.
void write_solicitation(std::span<std::byte> frame, const Station& self, const IpAddress& address);
/// "I am at my address", to everybody, unasked: old entries about us are corrected.
void write_discovery_announcement(std::span<std::byte> frame, const Station& self);
/// The answer to `asker`.
void write_advertisement(std::span<std::byte> frame, const Station& self, const Station& asker);

/// `frame` was classified as FrameKind::neighbour.
NeighbourNews read_discovery(std::span<const std::byte> frame, const Classified& message,
                             const Station& self);

}  // namespace muster::dpdk
