// What a received frame is: the one boundary where bytes from the wire become a checked datagram.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cluster/types.h"
#include "dpdk_transport/headers.h"

namespace muster::dpdk {

enum class FrameKind : std::uint8_t {
  datagram,      ///< UDP, to us: the endpoint, or the group
  arp,           ///< long enough for an ArpPacket, not looked into further
  neighbour,     ///< IPv6: a NeighbourMessage with whatever options
  echo_request,  ///< ICMP or ICMPv6, to our address
  group_query,   ///< IGMP or MLD
  malformed,     ///< cut short, or lengths that do not add up
  bad_checksum,
  fragment,
  not_for_us,
  other,
};

/// Where we can be reached.
struct LocalAddresses {
  Endpoint self;
  Endpoint group;
};

/// What is known of a frame's checksums before they are looked at.
struct Verified {
  bool ip = false;   ///< the port vouches for the header
  bool udp = false;  ///< and for the datagram
  /// The frame may come from a kernel on this machine that left the UDP checksum to a NIC which it
  /// never met: the field then holds the sum of the pseudo header (docs/adr/0013).
  bool udp_partial = false;
};

struct Classified {
  FrameKind kind = FrameKind::other;
  Endpoint source{};  ///< the port is set for a datagram only
  /// Of the frame: the datagram's payload, or the whole message of ICMP, ICMPv6 or IGMP. What
  /// Ethernet appended to make the frame longer is not in it.
  std::uint16_t offset = 0;
  std::uint16_t bytes = 0;
};

/// Any bytes at all may be in `frame`. Never reads outside of it.
Classified classify(std::span<const std::byte> frame, const LocalAddresses& local,
                    const Verified& verified);

/// What the IP header says of its packet's length, which may be more than is here; 0: none.
std::size_t ip_packet_bytes(std::span<const std::byte> frame);

}  // namespace muster::dpdk
