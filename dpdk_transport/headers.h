// Ethernet, IP and what we use of what stands on it, as it lies in a frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cluster/ip_address.h"
#include "dpdk_transport/big_endian.h"
#include "dpdk_transport/mac_address.h"

namespace muster::dpdk {

inline constexpr std::uint16_t ether_type_ipv4 = 0x0800;
inline constexpr std::uint16_t ether_type_arp = 0x0806;
inline constexpr std::uint16_t ether_type_ipv6 = 0x86dd;
inline constexpr std::uint16_t ether_type_vlan = 0x8100;
inline constexpr std::uint16_t ether_type_provider_vlan = 0x88a8;
inline constexpr std::uint8_t ip_protocol_hop_by_hop = 0;
inline constexpr std::uint8_t ip_protocol_icmp = 1;
inline constexpr std::uint8_t ip_protocol_igmp = 2;
inline constexpr std::uint8_t ip_protocol_udp = 17;
inline constexpr std::uint8_t ip_protocol_fragment = 44;
inline constexpr std::uint8_t ip_protocol_icmpv6 = 58;
inline constexpr std::uint8_t ip_protocol_destination_options = 60;
/// 224.0.0.1, where routers and switches ask who is in which group.
inline constexpr std::uint32_t all_hosts_group = 0xe0000001;

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  Be16 type;
};

/// Between the addresses and the type (IEEE 802.1Q).
struct VlanTag {
  Be16 protocol;
  Be16 control;  ///< three bits of priority, one of "may be dropped", and the VLAN
};
inline constexpr std::uint16_t vlan_id_mask = 0x0fff;

struct Ipv4Header {
  std::uint8_t version_and_words;  ///< 4, and the header's length in words of 32 bits
  std::uint8_t service;
  Be16 total_bytes;
  Be16 id;
  Be16 fragment;  ///< flags and offset
  std::uint8_t ttl;
  std::uint8_t protocol;
  Be16 checksum;
  Be32 source;
  Be32 destination;
};
inline constexpr std::uint16_t ip_dont_fragment = 0x4000;
/// "More fragments", and the offset: both zero in a whole datagram.
inline constexpr std::uint16_t ip_fragment_mask = 0x3fff;

struct Ipv6Header {
  Be32 version_class_flow;  ///< 6 in the first four bits
  Be16 payload_bytes;       ///< behind this header
  std::uint8_t next_header;
  std::uint8_t hop_limit;
  IpAddress::Bytes source;
  IpAddress::Bytes destination;
};
/// The beginning of options between that header and what it carries.
struct Ipv6Options {
  std::uint8_t next_header;
  std::uint8_t more_units;  ///< of eight bytes, the first not counted
  std::array<std::uint8_t, 6> options;
};

struct UdpHeader {
  Be16 source;
  Be16 destination;
  Be16 bytes;  ///< header and payload
  Be16 checksum;
};

/// ARP for IPv4 over Ethernet (RFC 826).
struct ArpPacket {
  Be16 hardware;
  Be16 protocol;
  std::uint8_t hardware_bytes;
  std::uint8_t protocol_bytes;
  Be16 operation;
  MacAddress sender_mac;
  Be32 sender;
  MacAddress target_mac;
  Be32 target;
};

/// The beginning of every message of ICMP (RFC 792) and ICMPv6 (RFC 4443).
struct IcmpHeader {
  std::uint8_t type;
  std::uint8_t code;
  Be16 checksum;
};

/// IGMP version 2 (RFC 2236); queries of version 3 begin in the same way.
struct IgmpMessage {
  std::uint8_t type;
  std::uint8_t max_response;
  Be16 checksum;
  Be32 group;
};

/// A report of version 3 about one group, from whoever it comes (RFC 3376, 4.2).
struct Igmp3Report {
  std::uint8_t type;
  std::uint8_t reserved_1;
  Be16 checksum;
  Be16 reserved_2;
  Be16 records;
  std::uint8_t record_type;
  std::uint8_t auxiliary_words;
  Be16 sources;
  Be32 group;
};
/// Shorter queries are of version 2 (RFC 3376, 7.1).
inline constexpr std::size_t igmp3_query_bytes_min = 12;

static_assert(sizeof(EthernetHeader) == 14 && sizeof(Ipv4Header) == 20 && sizeof(UdpHeader) == 8);
static_assert(sizeof(VlanTag) == 4 && sizeof(ArpPacket) == 28 && sizeof(IcmpHeader) == 4);
static_assert(sizeof(IgmpMessage) == 8 && sizeof(Igmp3Report) == 16);
static_assert(sizeof(Ipv6Header) == 40 && sizeof(Ipv6Options) == 8);
static_assert(alignof(Ipv4Header) == 1 && alignof(Ipv6Header) == 1 && alignof(ArpPacket) == 1);

/// Around an IP packet on the wire: Ethernet's header, two tags of VLANs, the checksum.
inline constexpr std::size_t link_bytes_max = sizeof(EthernetHeader) + 2 * sizeof(VlanTag) + 4;

/// The struct at `offset`, whose bytes the caller has made sure of. Alignment is 1.
template <class T>
T& header_at(std::span<std::byte> frame, std::size_t offset) {
  static_assert(alignof(T) == 1);
  return *reinterpret_cast<T*>(frame.data() + offset);
}
template <class T>
const T& header_at(std::span<const std::byte> frame, std::size_t offset) {
  static_assert(alignof(T) == 1);
  return *reinterpret_cast<const T*>(frame.data() + offset);
}

}  // namespace muster::dpdk
