// Which Ethernet address an IPv4 address is at (RFC 826).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dpdk_transport/headers.h"
#include "dpdk_transport/neighbours.h"

namespace muster::dpdk {

inline constexpr std::size_t arp_frame_bytes = sizeof(EthernetHeader) + sizeof(ArpPacket);

/// "Who is at `address` (host byte order)?", to everybody. `frame` has arp_frame_bytes.
void write_arp_request(std::span<std::byte> frame, const Station& self, std::uint32_t address);
/// "I am at my address", to everybody, unasked: old entries about us are corrected.
void write_arp_announcement(std::span<std::byte> frame, const Station& self);

/// `frame` was classified as ARP.
NeighbourNews read_arp(std::span<const std::byte> frame, const Station& self);
/// Turns the request in `frame` into our answer to it.
void make_arp_reply(std::span<std::byte> frame, const Station& self);

}  // namespace muster::dpdk
