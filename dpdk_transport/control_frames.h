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

/// Of IGMP (RFC 2236, RFC 3376). A host speaks the querier's, and both where it knows of none.
enum class IgmpVersion : std::uint8_t { v2, v3 };
/// How a member stands to its group, with whatever sources.
enum class GroupNews : std::uint8_t { joins, is_in, leaves };

/// With the router alert option that snooping switches look for.
constexpr std::size_t igmp_frame_bytes(IgmpVersion version) {
  return sizeof(EthernetHeader) + sizeof(Ipv4Header) + sizeof(Be32) +
         (version == IgmpVersion::v3 ? sizeof(Igmp3Report) : sizeof(IgmpMessage));
}
/// `frame` has igmp_frame_bytes(version).
void write_group_news(std::span<std::byte> frame, const Station& self, std::uint32_t group,
                      GroupNews news, IgmpVersion version);

}  // namespace muster::dpdk
