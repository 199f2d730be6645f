#include "tests/dpdk_transport/fuzz/said.h"

#include <vector>

#include "dpdk_transport/checksum.h"
#include "dpdk_transport/icmpv6.h"
#include "dpdk_transport/vlan.h"
#include "tests/fuzz/require.h"

namespace muster::dpdk::fuzz {

namespace {

using muster::fuzz::require;
using Span = std::span<const std::byte>;

bool sums_up(Span bytes) { return checksum_of(checksum_sum(bytes)) == 0; }

void require_length(Span packet, std::size_t bytes) {
  require(packet.size() == bytes, "a frame is as long as its packet");
}

Said said_arp(Span packet, const EthernetHeader& ethernet, const Speaker& speaker) {
  require_length(packet, sizeof(ArpPacket));
  const auto& arp = header_at<ArpPacket>(packet, 0);
  const bool ours = arp.hardware == 1 && arp.protocol == ether_type_ipv4 &&
                    arp.hardware_bytes == 6 && arp.protocol_bytes == 4;
  require(ours, "ARP is of IPv4 over Ethernet");
  require(
      arp.sender_mac == speaker.station.mac && speaker.station.address == std::uint32_t{arp.sender},
      "ARP says where we are");
  if (arp.operation == 2) {
    require(is_for_one(ethernet.destination) && ethernet.destination == arp.target_mac,
            "an answer of ARP goes to who has asked");
    return {SaidKind::neighbour_answer, ethernet.destination};
  }
  require(
      arp.operation == 1 && ethernet.destination == broadcast_mac && arp.target_mac == MacAddress{},
      "ARP asks everybody");
  const bool about_us = arp.target == arp.sender;
  return {about_us ? SaidKind::announcement : SaidKind::neighbour_request, ethernet.destination};
}

Said said_datagram(Span frame, const IpAddress& to, std::size_t udp_at, const Speaker& speaker) {
  require(frame.size() >= udp_at + sizeof(UdpHeader), "UDP is whole");
  const auto& udp = header_at<UdpHeader>(frame, udp_at);
  const Endpoint peer{to, udp.destination};
  require(udp.checksum != 0, "a datagram has a checksum");
  const Classified found =
      classify(frame, {.self = peer, .group = speaker.local.group}, Verified{});
  require(found.kind == FrameKind::datagram, "its peer hears a datagram");
  require(found.source == speaker.local.self, "a datagram is from us");
  const MacAddress& mac = header_at<EthernetHeader>(frame, 0).destination;
  require(to.is_multicast() ? mac == multicast_mac(to) : is_for_one(mac),
          "a datagram goes to one station, or to the group's");
  return {SaidKind::datagram, mac, peer, frame.subspan(found.offset, found.bytes)};
}

Said said_ipv4(Span frame, const Speaker& speaker) {
  const auto packet = frame.subspan(sizeof(EthernetHeader));
  require(packet.size() >= sizeof(Ipv4Header), "IPv4 is whole");
  const auto& ip = header_at<Ipv4Header>(packet, 0);
  const std::size_t header_bytes = (ip.version_and_words & 0xfU) * std::size_t{4};
  require(ip.version_and_words >> 4 == 4 && header_bytes >= sizeof ip &&
              header_bytes <= ip.total_bytes && ip.total_bytes <= packet.size() &&
              ip.total_bytes <= speaker.mtu,
          "the lengths of IPv4 add up");
  require(sums_up(packet.first(header_bytes)), "the checksum of IPv4 is right");
  require((ip.fragment & ip_fragment_mask) == 0, "no fragment is sent");
  require(speaker.station.address == std::uint32_t{ip.source}, "IPv4 is from us");
  const MacAddress& mac = header_at<EthernetHeader>(frame, 0).destination;
  const IpAddress to = std::uint32_t{ip.destination};
  const auto body = packet.subspan(header_bytes, ip.total_bytes - header_bytes);
  require_length(packet, ip.total_bytes);
  switch (ip.protocol) {
    case ip_protocol_udp:
      require(ip.ttl == (to.is_multicast() ? 1 : 64), "a datagram goes as far as it should");
      return said_datagram(frame, to, sizeof(EthernetHeader) + header_bytes, speaker);
    case ip_protocol_icmp:
      require(body.size() >= sizeof(IcmpHeader) && sums_up(body), "ICMP is right");
      require(header_at<IcmpHeader>(body, 0).type == 0, "ICMP is the answer to an echo");
      require(is_for_one(mac) && is_station({.address = to, .mac = mac}), "it goes to one station");
      return {SaidKind::echo_reply, mac};
    case ip_protocol_igmp:
      require(sums_up(body) && ip.ttl == 1 && header_bytes == 24, "IGMP is right");
      require(mac == multicast_mac(to), "IGMP goes to a group");
      return {SaidKind::group_report, mac};
    default:
      require(false, "nothing else is sent over IPv4");
      return {};
  }
}

Said said_neighbour(Span body, const Ipv6Header& ip, const MacAddress& mac,
                    const Speaker& speaker) {
  require(body.size() == sizeof(NeighbourMessage) + sizeof(LinkAddressOption) &&
              ip.hop_limit == neighbour_hops,
          "discovery is whole");
  const auto& message = header_at<NeighbourMessage>(body, 0);
  const auto& option = header_at<LinkAddressOption>(body, sizeof(NeighbourMessage));
  require(option.units == 1 && option.mac == speaker.station.mac, "discovery says where we are");
  const IpAddress to(ip.destination), target(message.target);
  if (message.icmp.type == icmpv6_neighbour_solicitation) {
    require(option.type == source_link_address && to == solicited_node_group(target) &&
                mac == multicast_mac(to) && target != speaker.station.address,
            "a solicitation goes to those who may be asked for");
    return {SaidKind::neighbour_request, mac};
  }
  require(option.type == target_link_address && target == speaker.station.address,
          "an advertisement is about us");
  if (to == all_nodes_group) {
    require(mac == multicast_mac(to) && message.flags == neighbour_override,
            "an announcement goes to all");
    return {SaidKind::announcement, mac};
  }
  require(is_for_one(mac) && is_station({.address = to, .mac = mac}) &&
              message.flags == (neighbour_solicited | neighbour_override),
          "an advertisement goes to who has asked");
  return {SaidKind::neighbour_answer, mac};
}

Said said_icmpv6(Span body, const Ipv6Header& ip, std::uint8_t options, const MacAddress& mac,
                 const Speaker& speaker) {
  const IpAddress from(ip.source), to(ip.destination);
  const ChecksumSum pseudo = checksum_sum_of(ip.source) + checksum_sum_of(ip.destination) +
                             checksum_sum_of_field(static_cast<std::uint16_t>(body.size())) +
                             checksum_sum_of_field(ip_protocol_icmpv6);
  require(body.size() >= sizeof(IcmpHeader) && checksum_of(pseudo + checksum_sum(body)) == 0,
          "ICMPv6 is right");
  const std::uint8_t type = header_at<IcmpHeader>(body, 0).type;
  if (type == icmpv6_mld_report || type == icmpv6_mld2_report || type == icmpv6_mld_done) {
    require(options == 1 && from == link_local_address(speaker.station.mac) && ip.hop_limit == 1,
            "MLD comes from the segment");
    require(to.is_multicast() && mac == multicast_mac(to), "MLD goes to a group");
    return {SaidKind::group_report, mac};
  }
  require(from == speaker.station.address, "ICMPv6 is from us");
  if (type == icmpv6_echo_reply) {
    require(is_for_one(mac) && is_station({.address = to, .mac = mac}), "it goes to one station");
    return {SaidKind::echo_reply, mac};
  }
  require(options == 0, "discovery has no options of IPv6");
  return said_neighbour(body, ip, mac, speaker);
}

Said said_ipv6(Span frame, const Speaker& speaker) {
  const auto packet = frame.subspan(sizeof(EthernetHeader));
  require(packet.size() >= sizeof(Ipv6Header), "IPv6 is whole");
  const auto& ip = header_at<Ipv6Header>(packet, 0);
  const std::size_t bytes = sizeof ip + ip.payload_bytes;
  require(ip.version_class_flow >> 28 == 6 && bytes <= packet.size() && bytes <= speaker.mtu,
          "the lengths of IPv6 add up");
  auto body = packet.subspan(sizeof ip, ip.payload_bytes);
  std::uint8_t protocol = ip.next_header, options = 0;
  for (; protocol == ip_protocol_hop_by_hop || protocol == ip_protocol_destination_options;
       ++options) {
    require(body.size() >= sizeof(Ipv6Options), "options are whole");
    const auto& option = header_at<Ipv6Options>(body, 0);
    protocol = option.next_header;
    require(body.size() >= sizeof option * (option.more_units + std::size_t{1}),
            "options are whole");
    body = body.subspan(sizeof option * (option.more_units + std::size_t{1}));
  }
  const MacAddress& mac = header_at<EthernetHeader>(frame, 0).destination;
  require_length(packet, bytes);
  if (protocol == ip_protocol_icmpv6) return said_icmpv6(body, ip, options, mac, speaker);
  require(protocol == ip_protocol_udp, "nothing else is sent over IPv6");
  const IpAddress to(ip.destination);
  require(ip.hop_limit == (to.is_multicast() ? 1 : 64), "a datagram goes as far as it should");
  return said_datagram(frame, to, sizeof(EthernetHeader) + sizeof ip, speaker);
}

}  // namespace

Said look_at(Span frame, const Speaker& speaker) {
  require(frame.size() >= sizeof(EthernetHeader), "a frame is whole");
  require(frame.size() <= sizeof(EthernetHeader) + tag_bytes_of(speaker.vlan) + speaker.mtu,
          "no frame is longer than the mtu lets it be");
  thread_local std::vector<std::byte> copy;
  copy.assign(frame.begin(), frame.end());
  std::span<std::byte> rest(copy);
  require(is_tagged(frame) == (speaker.vlan != untagged), "a frame has a tag in a VLAN only");
  if (speaker.vlan != untagged) {
    const auto& tag = header_at<VlanTag>(frame, 2 * sizeof(MacAddress));
    require(tag.protocol == ether_type_vlan && tag.control == speaker.vlan, "a tag is our VLAN's");
    require(take_tag_off(rest) == speaker.vlan, "a tag is whole");
    rest = rest.subspan(sizeof(VlanTag));
  }
  const auto& ethernet = header_at<EthernetHeader>(Span(rest), 0);
  require(ethernet.source == speaker.station.mac, "a frame is from us");
  const bool v4 = speaker.station.address.is_v4();
  if (v4 && ethernet.type == ether_type_arp)
    return said_arp(rest.subspan(sizeof ethernet), ethernet, speaker);
  require(ethernet.type == (v4 ? ether_type_ipv4 : ether_type_ipv6), "a frame is of our family");
  return v4 ? said_ipv4(rest, speaker) : said_ipv6(rest, speaker);
}

}  // namespace muster::dpdk::fuzz
