#include "dpdk_transport/classify.h"

#include "dpdk_transport/checksum.h"
#include "dpdk_transport/icmpv6.h"

namespace muster::dpdk {

namespace {

constexpr std::uint8_t icmp_echo_request = 8;
constexpr std::uint8_t igmp_query = 0x11;

/// A whole datagram of either family whose lengths, and whose header's checksum, are right.
struct IpDatagram {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol;
  std::uint8_t hops;                     ///< that it may still go
  std::span<const std::byte> addresses;  ///< both, as they lie in the header
  std::size_t offset;                    ///< of the body, in the frame
  std::span<const std::byte> body;
};

/// What the checksum of UDP and of ICMPv6 covers besides these themselves (RFC 768, RFC 8200, 8.1).
ChecksumSum pseudo_sum(const IpDatagram& ip, std::uint16_t bytes) {
  const ChecksumSum addresses = ip.addresses.size() == 2 * sizeof(Be32)
                                    ? checksum_sum_of_bytes<8>(ip.addresses.data())
                                    : checksum_sum_of_bytes<32>(ip.addresses.data());
  return addresses + checksum_sum_of_field(ip.protocol) + checksum_sum_of_field(bytes);
}

Classified found(FrameKind kind, const IpDatagram& ip, std::size_t skip = 0) {
  return {.kind = kind,
          .source = {.address = ip.source, .port = 0},
          .offset = static_cast<std::uint16_t>(ip.offset + skip),
          .bytes = static_cast<std::uint16_t>(ip.body.size() - skip)};
}

bool udp_checksum_holds(const IpDatagram& ip, const UdpHeader& udp, const Verified& verified) {
  const std::uint16_t checksum = udp.checksum;
  if (checksum == 0) return ip.destination.is_v4();  // which IPv6 does not have
  if (verified.udp) return true;
  const ChecksumSum pseudo = pseudo_sum(ip, udp.bytes);
  if (verified.udp_partial && checksum == static_cast<std::uint16_t>(~checksum_of(pseudo)))
    return true;
  return checksum_of(pseudo + checksum_sum(ip.body.first(udp.bytes))) == 0;
}

Classified classify_udp(const IpDatagram& ip, const LocalAddresses& local,
                        const Verified& verified) {
  if (ip.body.size() < sizeof(UdpHeader)) return {.kind = FrameKind::malformed};
  const auto& udp = header_at<UdpHeader>(ip.body, 0);
  const std::uint16_t udp_bytes = udp.bytes;
  if (udp_bytes < sizeof(UdpHeader) || udp_bytes > ip.body.size())
    return {.kind = FrameKind::malformed};

  const Endpoint destination{ip.destination, udp.destination};
  if (destination != local.self && destination != local.group)
    return {.kind = FrameKind::not_for_us};

  if (!udp_checksum_holds(ip, udp, verified)) return {.kind = FrameKind::bad_checksum};
  Classified result = found(FrameKind::datagram, ip, sizeof(UdpHeader));
  result.source.port = udp.source;
  result.bytes = static_cast<std::uint16_t>(udp_bytes - sizeof(UdpHeader));
  return result;
}

Classified classify_icmp(const IpDatagram& ip, const LocalAddresses& local) {
  if (ip.destination != local.self.address) return {.kind = FrameKind::not_for_us};
  if (ip.body.size() < sizeof(IcmpHeader)) return {.kind = FrameKind::malformed};
  if (checksum_of(checksum_sum(ip.body)) != 0) return {.kind = FrameKind::bad_checksum};
  const auto& icmp = header_at<IcmpHeader>(ip.body, 0);
  if (icmp.type != icmp_echo_request || icmp.code != 0) return {.kind = FrameKind::other};
  return found(FrameKind::echo_request, ip);
}

Classified classify_igmp(const IpDatagram& ip, const LocalAddresses& local) {
  const IpAddress& group = local.group.address;
  if (ip.destination != all_hosts_group && ip.destination != group)
    return {.kind = FrameKind::not_for_us};
  if (ip.body.size() < sizeof(IgmpMessage)) return {.kind = FrameKind::malformed};
  if (checksum_of(checksum_sum(ip.body)) != 0) return {.kind = FrameKind::bad_checksum};
  const auto& igmp = header_at<IgmpMessage>(ip.body, 0);
  if (igmp.type != igmp_query) return {.kind = FrameKind::other};
  const std::uint32_t asked = igmp.group;
  if (asked != 0 && group != asked) return {.kind = FrameKind::not_for_us};
  return found(FrameKind::group_query, ip);
}

/// Its sender is on this segment: no router has passed it on (RFC 4861, 7.1).
Classified classify_neighbour(const IpDatagram& ip) {
  if (ip.body.size() < sizeof(NeighbourMessage) || ip.hops != neighbour_hops)
    return {.kind = FrameKind::malformed};
  return found(FrameKind::neighbour, ip);
}

/// RFC 3810, 6.2, and RFC 2710, 5.
Classified classify_mld_query(const IpDatagram& ip, const LocalAddresses& local) {
  if (ip.body.size() < sizeof(MldMessage)) return {.kind = FrameKind::malformed};
  if (!ip.source.is_link_local() || ip.hops != 1) return {.kind = FrameKind::malformed};
  const IpAddress group(header_at<MldMessage>(ip.body, 0).group);
  if (!group.is_unspecified() && group != local.group.address &&
      group != solicited_node_group(local.self.address))
    return {.kind = FrameKind::not_for_us};
  return found(FrameKind::group_query, ip);
}

Classified classify_icmpv6(const IpDatagram& ip, const LocalAddresses& local) {
  const IpAddress& self = local.self.address;
  const bool to_us = ip.destination == self;
  if (!to_us && ip.destination != all_nodes_group && ip.destination != local.group.address &&
      ip.destination != solicited_node_group(self))
    return {.kind = FrameKind::not_for_us};
  if (ip.body.size() < sizeof(IcmpHeader)) return {.kind = FrameKind::malformed};
  const auto bytes = static_cast<std::uint16_t>(ip.body.size());
  if (checksum_of(pseudo_sum(ip, bytes) + checksum_sum(ip.body)) != 0)
    return {.kind = FrameKind::bad_checksum};
  const auto& icmp = header_at<IcmpHeader>(ip.body, 0);
  if (icmp.code != 0) return {.kind = FrameKind::other};
  switch (icmp.type) {
    case icmpv6_echo_request:
      return to_us ? found(FrameKind::echo_request, ip) : Classified{.kind = FrameKind::not_for_us};
    case icmpv6_neighbour_solicitation:
    case icmpv6_neighbour_advertisement:
      return classify_neighbour(ip);
    case icmpv6_mld_query:
      return classify_mld_query(ip, local);
    default:
      return {.kind = FrameKind::other};
  }
}

Classified classify_ipv4(std::span<const std::byte> packet, const LocalAddresses& local,
                         const Verified& verified) {
  if (packet.size() < sizeof(Ipv4Header)) return {.kind = FrameKind::malformed};
  const auto& header = header_at<Ipv4Header>(packet, 0);
  const std::size_t header_bytes = std::size_t{header.version_and_words & 0xfU} * 4;
  const std::size_t total_bytes = header.total_bytes;
  if (header.version_and_words >> 4 != 4 || header_bytes < sizeof(Ipv4Header) ||
      header_bytes > total_bytes || total_bytes > packet.size())
    return {.kind = FrameKind::malformed};
  const bool plain = header_bytes == sizeof(Ipv4Header);
  if (!verified.ip &&
      checksum_of(plain ? checksum_sum_of(header) : checksum_sum(packet.first(header_bytes))) != 0)
    return {.kind = FrameKind::bad_checksum};
  if ((header.fragment & ip_fragment_mask) != 0) return {.kind = FrameKind::fragment};

  const IpDatagram ip{.source = std::uint32_t{header.source},
                      .destination = std::uint32_t{header.destination},
                      .protocol = header.protocol,
                      .hops = header.ttl,
                      .addresses = packet.subspan(offsetof(Ipv4Header, source), 2 * sizeof(Be32)),
                      .offset = sizeof(EthernetHeader) + header_bytes,
                      .body = packet.subspan(header_bytes, total_bytes - header_bytes)};
  switch (header.protocol) {
    case ip_protocol_udp:
      return classify_udp(ip, local, verified);
    case ip_protocol_icmp:
      return classify_icmp(ip, local);
    case ip_protocol_igmp:
      return classify_igmp(ip, local);
    default:
      return {.kind = FrameKind::other};
  }
}

/// Options for whoever passes a datagram on, or for its receiver, say nothing to us: only where
/// they end. RFC 8200, 4.
constexpr bool is_options(std::uint8_t next_header) {
  return next_header == ip_protocol_hop_by_hop || next_header == ip_protocol_destination_options;
}

Classified classify_ipv6(std::span<const std::byte> packet, const LocalAddresses& local,
                         const Verified& verified) {
  if (packet.size() < sizeof(Ipv6Header)) return {.kind = FrameKind::malformed};
  const auto& header = header_at<Ipv6Header>(packet, 0);
  const std::size_t bytes = header.payload_bytes;
  if (header.version_class_flow >> 28 != 6 || bytes > packet.size() - sizeof(Ipv6Header))
    return {.kind = FrameKind::malformed};

  auto body = packet.subspan(sizeof(Ipv6Header), bytes);
  std::uint8_t protocol = header.next_header;
  while (is_options(protocol)) {
    if (body.size() < sizeof(Ipv6Options)) return {.kind = FrameKind::malformed};
    const auto& options = header_at<Ipv6Options>(body, 0);
    const std::size_t options_bytes = sizeof(Ipv6Options) * (std::size_t{options.more_units} + 1);
    if (options_bytes > body.size()) return {.kind = FrameKind::malformed};
    protocol = options.next_header;
    body = body.subspan(options_bytes);
  }
  if (protocol == ip_protocol_fragment) return {.kind = FrameKind::fragment};

  const IpDatagram ip{
      .source = IpAddress(header.source),
      .destination = IpAddress(header.destination),
      .protocol = protocol,
      .hops = header.hop_limit,
      .addresses = packet.subspan(offsetof(Ipv6Header, source), 32),
      .offset = static_cast<std::size_t>(body.data() - packet.data()) + sizeof(EthernetHeader),
      .body = body};
  // ::ffff:a.b.c.d is how we write addresses of IPv4, and none that comes over the wire.
  if (ip.source.is_v4() || ip.destination.is_v4()) return {.kind = FrameKind::malformed};
  switch (protocol) {
    case ip_protocol_udp:
      return classify_udp(ip, local, verified);
    case ip_protocol_icmpv6:
      return classify_icmpv6(ip, local);
    default:
      return {.kind = FrameKind::other};
  }
}

}  // namespace

Classified classify(std::span<const std::byte> frame, const LocalAddresses& local,
                    const Verified& verified) {
  if (frame.size() < sizeof(EthernetHeader)) return {.kind = FrameKind::malformed};
  const std::uint16_t type = header_at<EthernetHeader>(frame, 0).type;
  const auto packet = frame.subspan(sizeof(EthernetHeader));
  // A member is of one family, and hears nothing of the other.
  const bool v4 = local.self.address.is_v4();
  if (v4 && type == ether_type_ipv4) return classify_ipv4(packet, local, verified);
  if (!v4 && type == ether_type_ipv6) return classify_ipv6(packet, local, verified);
  if (v4 && type == ether_type_arp)
    return {.kind = packet.size() < sizeof(ArpPacket) ? FrameKind::malformed : FrameKind::arp};
  return {.kind = FrameKind::other};
}

std::size_t ip_packet_bytes(std::span<const std::byte> frame) {
  if (frame.size() < sizeof(EthernetHeader)) return 0;
  const std::uint16_t type = header_at<EthernetHeader>(frame, 0).type;
  const auto packet = frame.subspan(sizeof(EthernetHeader));
  if (type == ether_type_ipv4 && packet.size() >= sizeof(Ipv4Header))
    return header_at<Ipv4Header>(packet, 0).total_bytes;
  if (type == ether_type_ipv6 && packet.size() >= sizeof(Ipv6Header))
    return sizeof(Ipv6Header) + header_at<Ipv6Header>(packet, 0).payload_bytes;
  return 0;
}

}  // namespace muster::dpdk
