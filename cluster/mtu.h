// How long a packet may be: the one place that knows (docs/protocol.md §1.1).
#pragma once

#include <cstdint>

namespace muster {

/// Bytes of the IP packet that carries one of ours; the same for all members of a cluster.
inline constexpr std::uint32_t mtu_default = 1500;
inline constexpr std::uint32_t mtu_min = 1460;
inline constexpr std::uint32_t mtu_max = 9000;

/// Of IPv4 and UDP, in front of our payload.
inline constexpr std::uint32_t datagram_headers_bytes = 20 + 8;

/// What an IP packet of `mtu` bytes leaves to our payload.
constexpr std::uint32_t payload_bytes_of(std::uint32_t mtu) { return mtu - datagram_headers_bytes; }

}  // namespace muster
