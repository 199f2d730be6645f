// How long a packet may be: the one place that knows (docs/protocol.md §1.1).
#pragma once

#include <cstdint>

#include "cluster/ip_address.h"

namespace muster {

/// Bytes of the IP packet that carries one of ours; the same for all members of a cluster.
inline constexpr std::uint32_t mtu_default = 1500;
inline constexpr std::uint32_t mtu_min = 1460;
inline constexpr std::uint32_t mtu_max = 9000;

inline constexpr std::uint32_t ipv4_header_bytes = 20, ipv6_header_bytes = 40;
inline constexpr std::uint32_t udp_header_bytes = 8;
/// The first piece of a change fills a packet of mtu_min over IPv4 (docs/protocol.md §6.2).
inline constexpr std::uint32_t mtu_min_ipv6 = mtu_min + ipv6_header_bytes - ipv4_header_bytes;

/// What an IP packet of `mtu` bytes leaves to our payload, to and from `own`: all members of a
/// cluster are of one family of addresses.
constexpr std::uint32_t payload_bytes_of(std::uint32_t mtu, const IpAddress& own) {
  return mtu - (own.is_v4() ? ipv4_header_bytes : ipv6_header_bytes) - udp_header_bytes;
}
/// Where the family is not known: the most that it can be, over IPv4.
constexpr std::uint32_t payload_bytes_of(std::uint32_t mtu) {
  return mtu - ipv4_header_bytes - udp_header_bytes;
}

}  // namespace muster
