// Writes frames of ICMPv6.
#pragma once

#include <span>

#include "dpdk_transport/checksum.h"
#include "dpdk_transport/icmpv6.h"
#include "dpdk_transport/neighbours.h"

namespace muster::dpdk {

struct Icmpv6Way {
  Station source;
  Station destination;
  std::uint8_t hops;
};

/// The Ethernet and IPv6 headers of a datagram that carries `bytes` behind them.
void write_ipv6(std::span<std::byte> frame, const Icmpv6Way& way, std::uint8_t next_header,
                std::size_t bytes);

/// Of addresses, protocol and length.
inline ChecksumSum icmpv6_pseudo_sum(const IpAddress& source, const IpAddress& destination,
                                     std::size_t bytes) {
  return checksum_sum_of(source.bytes()) + checksum_sum_of(destination.bytes()) +
         checksum_sum_of_field(static_cast<std::uint16_t>(bytes)) +
         checksum_sum_of_field(ip_protocol_icmpv6);
}

/// `message` with its checksum, behind the headers.
template <class Message>
void write_icmpv6_message(std::span<std::byte> place, const Icmpv6Way& way,
                          const Message& message) {
  const std::uint16_t checksum =
      checksum_of(icmpv6_pseudo_sum(way.source.address, way.destination.address, sizeof message) +
                  checksum_sum_of(message));
  header_at<Message>(place, 0) = message;
  header_at<IcmpHeader>(place, 0).checksum = checksum;
}

template <class Message>
void write_icmpv6(std::span<std::byte> frame, const Icmpv6Way& way, const Message& message) {
  write_ipv6(frame, way, ip_protocol_icmpv6, sizeof message);
  write_icmpv6_message(frame.subspan(sizeof(EthernetHeader) + sizeof(Ipv6Header)), way, message);
}

}  // namespace muster::dpdk
