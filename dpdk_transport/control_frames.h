// The little of ICMP and IGMP that a good neighbour on the segment answers
// (docs/protocol.md §1.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dpdk_transport/arp.h"
#include "dpdk_transport/classify.h"

namespace muster::dpdk {

/// Turns the echo request in `frame` into the answer to it (RFC 792). IP options of the request
/// go back as they came.
void make_echo_reply(std::span<std::byte> frame, const Classified& request, const Station& self);

/// IGMP version 2 (RFC 2236), which queriers of version 3 accept: with the router alert option
/// that snooping switches look for.
inline constexpr std::size_t igmp_frame_bytes =
    sizeof(EthernetHeader) + sizeof(Ipv4Header) + 4 + sizeof(IgmpMessage);
/// "I am a member of `group`." `frame` has igmp_frame_bytes.
void write_group_report(std::span<std::byte> frame, const Station& self, std::uint32_t group);
/// "I leave `group`."
void write_group_leave(std::span<std::byte> frame, const Station& self, std::uint32_t group);

}  // namespace muster::dpdk
