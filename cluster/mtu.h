// How long a packet may be: the one place that knows (docs/protocol.md §1.1).
#pragma once

#include <cstdint>

#include "cluster/ip_address.h"

namespace muster {

/// Bytes of the IP packet that carries one of ours; the same for all members of a cluster.
inline constexpr std::uint32_t mtu_default = 1500;
inline constexpr std::uint32_t mtu_min = 1460;
inline constexpr std::uint32_t mtu_max = 9000;

/// What an IP packet of `mtu` bytes leaves to our payload, to and from `own`: all members of a cluster
/// are of one family of addresses.
constexpr std::uint32_t payload_bytes_of(std::uint32_t mtu, const IpAddress& own) {
  constexpr std::uint32_t ipv4_header = 20, ipv6_header = 40, udp_header = 8;
  return mtu - (own.is_v4() ? ipv4_header : ipv6_header) - udp_header;
}

/// The same where the family is not known: the most that it can be, and the least.
constexpr std::uint32_t payload_bytes_of(std::uint32_t mtu) {
  return payload_bytes_of(mtu, IpAddress(0));
}
constexpr std::uint32_t payload_bytes_min_of(std::uint32_t mtu) {
  return payload_bytes_of(mtu, IpAddress());
}

}  // namespace muster
