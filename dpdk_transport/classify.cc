#include "dpdk_transport/classify.h"

#include "dpdk_transport/checksum.h"

namespace muster::dpdk {

namespace {

constexpr std::uint8_t icmp_echo_request = 8;
constexpr std::uint8_t igmp_query = 0x11;

/// A whole IPv4 datagram whose lengths and checksum are right.
struct IpDatagram {
  const Ipv4Header& header;
  std::size_t offset;  ///< of the body, in the frame
  std::span<const std::byte> body;
};

bool ip_checksum_holds(std::span<const std::byte> header) {
  const bool plain = header.size() == sizeof(Ipv4Header);
  return checksum_of(plain ? checksum_sum_of(header_at<Ipv4Header>(header, 0))
                           : checksum_sum(header)) == 0;
}

Classified found(FrameKind kind, const IpDatagram& ip, std::size_t skip = 0) {
  return {.kind = kind,
          .source = {.address = std::uint32_t{ip.header.source}, .port = 0},
          .offset = static_cast<std::uint16_t>(ip.offset + skip),
          .bytes = static_cast<std::uint16_t>(ip.body.size() - skip)};
}

bool udp_checksum_holds(const IpDatagram& ip, const UdpHeader& udp, const Verified& verified) {
  const std::uint16_t checksum = udp.checksum;
  if (checksum == 0 || verified.udp) return true;
  const ChecksumSum pseudo = udp_pseudo_sum(ip.header, udp.bytes);
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

  const std::uint32_t destination = ip.header.destination;
  const std::uint16_t port = udp.destination;
  if (Endpoint{destination, port} != local.self && Endpoint{destination, port} != local.group)
    return {.kind = FrameKind::not_for_us};

  if (!udp_checksum_holds(ip, udp, verified)) return {.kind = FrameKind::bad_checksum};
  Classified result = found(FrameKind::datagram, ip, sizeof(UdpHeader));
  result.source.port = udp.source;
  result.bytes = static_cast<std::uint16_t>(udp_bytes - sizeof(UdpHeader));
  return result;
}

Classified classify_icmp(const IpDatagram& ip, const LocalAddresses& local) {
  if (ip.header.destination != local.self.address.v4()) return {.kind = FrameKind::not_for_us};
  if (ip.body.size() < sizeof(IcmpHeader)) return {.kind = FrameKind::malformed};
  if (checksum_of(checksum_sum(ip.body)) != 0) return {.kind = FrameKind::bad_checksum};
  const auto& icmp = header_at<IcmpHeader>(ip.body, 0);
  if (icmp.type != icmp_echo_request || icmp.code != 0) return {.kind = FrameKind::other};
  return found(FrameKind::echo_request, ip);
}

Classified classify_igmp(const IpDatagram& ip, const LocalAddresses& local) {
  const std::uint32_t destination = ip.header.destination;
  const std::uint32_t group = local.group.address.v4();
  if (destination != all_hosts_group && destination != group)
    return {.kind = FrameKind::not_for_us};
  if (ip.body.size() < sizeof(IgmpMessage)) return {.kind = FrameKind::malformed};
  if (checksum_of(checksum_sum(ip.body)) != 0) return {.kind = FrameKind::bad_checksum};
  const auto& igmp = header_at<IgmpMessage>(ip.body, 0);
  if (igmp.type != igmp_query) return {.kind = FrameKind::other};
  if (igmp.group != 0 && igmp.group != group) return {.kind = FrameKind::not_for_us};
  return found(FrameKind::group_query, ip);
}

}  // namespace

Classified classify(std::span<const std::byte> frame, const LocalAddresses& local,
                    const Verified& verified) {
  if (frame.size() < sizeof(EthernetHeader)) return {.kind = FrameKind::malformed};
  const std::uint16_t type = header_at<EthernetHeader>(frame, 0).type;
  const auto packet = frame.subspan(sizeof(EthernetHeader));
  if (type == ether_type_arp)
    return {.kind = packet.size() < sizeof(ArpPacket) ? FrameKind::malformed : FrameKind::arp};
  if (type != ether_type_ipv4) return {.kind = FrameKind::other};

  if (packet.size() < sizeof(Ipv4Header)) return {.kind = FrameKind::malformed};
  const auto& header = header_at<Ipv4Header>(packet, 0);
  const std::size_t header_bytes = std::size_t{header.version_and_words & 0xfU} * 4;
  const std::size_t total_bytes = header.total_bytes;
  if (header.version_and_words >> 4 != 4 || header_bytes < sizeof(Ipv4Header) ||
      header_bytes > total_bytes || total_bytes > packet.size())
    return {.kind = FrameKind::malformed};
  if (!verified.ip && !ip_checksum_holds(packet.first(header_bytes)))
    return {.kind = FrameKind::bad_checksum};
  if ((header.fragment & ip_fragment_mask) != 0) return {.kind = FrameKind::fragment};

  const IpDatagram ip{.header = header,
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

std::size_t ip_packet_bytes(std::span<const std::byte> frame) {
  if (frame.size() < sizeof(EthernetHeader) + sizeof(Ipv4Header) ||
      header_at<EthernetHeader>(frame, 0).type != ether_type_ipv4)
    return 0;
  return header_at<Ipv4Header>(frame, sizeof(EthernetHeader)).total_bytes;
}

}  // namespace muster::dpdk
