// ICMPv6 as it lies in a frame: echo, and what IPv6 has instead of ARP and of IGMP.
#pragma once

#include <cstdint>

#include "cluster/ip_address.h"
#include "dpdk_transport/headers.h"

namespace muster::dpdk {

inline constexpr std::uint8_t icmpv6_echo_request = 128;
inline constexpr std::uint8_t icmpv6_echo_reply = 129;
inline constexpr std::uint8_t icmpv6_mld_query = 130;
inline constexpr std::uint8_t icmpv6_mld_report = 131;
inline constexpr std::uint8_t icmpv6_mld_done = 132;
inline constexpr std::uint8_t icmpv6_neighbour_solicitation = 135;
inline constexpr std::uint8_t icmpv6_neighbour_advertisement = 136;
inline constexpr std::uint8_t icmpv6_mld2_report = 143;

/// What nobody has passed on has this hop limit (RFC 4861, 7.1).
inline constexpr std::uint8_t neighbour_hops = 255;

/// ff02::1, ff02::2 and ff02::16.
inline constexpr IpAddress all_nodes_group{0xff02'0000'0000'0000, 1};
inline constexpr IpAddress all_routers_group{0xff02'0000'0000'0000, 2};
inline constexpr IpAddress mld2_routers_group{0xff02'0000'0000'0000, 0x16};

/// The group in which a station hears that its address is asked for (RFC 4291, 2.7.1).
constexpr IpAddress solicited_node_group(const IpAddress& address) {
  return {0xff02'0000'0000'0000, 0x1'ff00'0000 | (address.low & 0xff'ffff)};
}
/// The address that a station has on its segment, made of its Ethernet address (RFC 4291, 2.5.6).
constexpr IpAddress link_local_address(const MacAddress& mac) {
  return IpAddress(IpAddress::Bytes{0xfe, 0x80, 0, 0, 0, 0, 0, 0,  //
                                    static_cast<std::uint8_t>(mac[0] ^ 2), mac[1], mac[2], 0xff,
                                    0xfe, mac[3], mac[4], mac[5]});
}

/// A solicitation, or an advertisement (RFC 4861, 4.3, 4.4); options follow.
struct NeighbourMessage {
  IcmpHeader icmp;
  Be32 flags;  ///< of an advertisement: the first three bits
  IpAddress::Bytes target;
};
inline constexpr std::uint32_t neighbour_solicited = 0x40000000;
inline constexpr std::uint32_t neighbour_override = 0x20000000;

/// The Ethernet address of a message's sender, or of its target (RFC 4861, 4.6.1).
struct LinkAddressOption {
  std::uint8_t type;
  std::uint8_t units;  ///< of eight bytes, these two included
  MacAddress mac;
};
inline constexpr std::uint8_t source_link_address = 1;
inline constexpr std::uint8_t target_link_address = 2;

/// A query, a report or a farewell of version 1 (RFC 2710, 3); queries of version 2 begin so.
struct MldMessage {
  IcmpHeader icmp;
  Be16 max_response_ms;
  Be16 reserved;
  IpAddress::Bytes group;
};
/// A report of version 2 about one group, from whoever it comes (RFC 3810, 5.2).
struct Mld2Report {
  IcmpHeader icmp;
  Be16 reserved;
  Be16 records;
  std::uint8_t record_type;
  std::uint8_t auxiliary_words;
  Be16 sources;
  IpAddress::Bytes group;
};
/// Shorter queries are of version 1 (RFC 3810, 8.1).
inline constexpr std::size_t mld2_query_bytes_min = 28;

static_assert(sizeof(NeighbourMessage) == 24 && sizeof(LinkAddressOption) == 8);
static_assert(sizeof(MldMessage) == 24 && sizeof(Mld2Report) == 28);

}  // namespace muster::dpdk
