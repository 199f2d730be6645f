#include "tests/dpdk_transport/fuzz/others.h"

#include <algorithm>
#include <array>

#include <rte_mbuf.h>

#include "dpdk_transport/arp.h"
#include "dpdk_transport/checksum.h"
#include "dpdk_transport/discovery.h"
#include "dpdk_transport/icmpv6_frame.h"
#include "tests/dpdk_transport/framed.h"
#include "tests/dpdk_transport/golden6.h"

namespace muster::dpdk::fuzz {

namespace {

using muster::fuzz::Input;

constexpr std::size_t ip_at = sizeof(EthernetHeader);

/// From somebody else than it was written by.
Bytes from(Bytes frame, const Station& sender, const IpAddress& address) {
  const std::span all(frame);
  header_at<EthernetHeader>(all, 0).source = sender.mac;
  if (address.is_v4())
    header_at<Ipv4Header>(all, ip_at).source = address.v4();
  else
    header_at<Ipv6Header>(all, ip_at).source = address.bytes();
  repair(all);
  return frame;
}

Bytes echo_request(const Station& sender, const Speaker& to, std::size_t payload_bytes) {
  const bool v4 = to.station.address.is_v4();
  Bytes frame = v4 ? golden::echo_request : golden6::echo_request;
  frame.resize(frame.size() + payload_bytes, std::byte{0x5a});
  const std::size_t packet_bytes = frame.size() - ip_at;
  if (v4)
    header_at<Ipv4Header>(std::span(frame), ip_at).total_bytes =
        static_cast<std::uint16_t>(packet_bytes);
  else
    header_at<Ipv6Header>(std::span(frame), ip_at).payload_bytes =
        static_cast<std::uint16_t>(packet_bytes - sizeof(Ipv6Header));
  return from(frame, sender, sender.address);
}

Bytes query(bool newer, const Station& sender, bool v4) {
  if (v4) return from(newer ? golden::group_query_3 : golden::group_query, sender, sender.address);
  return from(newer ? golden6::group_query_2 : golden6::group_query, sender,
              link_local_address(sender.mac));
}

Bytes arp(OthersKind kind, const Station& sender, const Station& to) {
  Bytes frame(arp_frame_bytes);
  switch (kind) {
    case OthersKind::asks_for_us:
      write_arp_request(frame, sender, to.address.v4());
      break;
    case OthersKind::asks_for_another:
      write_arp_request(frame, sender, to.address.v4() + 77);
      break;
    case OthersKind::asks_without_address:
      write_arp_request(frame, {.address = std::uint32_t{0}, .mac = sender.mac}, to.address.v4());
      break;
    case OthersKind::answer:
      write_arp_request(frame, to, sender.address.v4());
      make_arp_reply(frame, sender);
      break;
    default:
      write_arp_announcement(frame, sender);
      break;
  }
  return frame;
}

Bytes discovery(OthersKind kind, const Station& sender, const Station& to) {
  Bytes frame(discovery_frame_bytes);
  switch (kind) {
    case OthersKind::asks_for_us:
      write_solicitation(frame, sender, to.address);
      break;
    case OthersKind::asks_for_another:
      // Where we listen, too: the group is of the address's last bytes.
      write_solicitation(frame, sender, {to.address.high + 1, to.address.low});
      break;
    case OthersKind::asks_without_address:
      return from(golden6::duplicate_detection, sender, IpAddress{});
    case OthersKind::answer:
      write_advertisement(frame, sender, to);
      break;
    default:
      write_discovery_announcement(frame, sender);
      break;
  }
  return frame;
}

Station next_sender(Input& input, const Speaker& to, std::uint32_t& strangers) {
  const bool v4 = to.station.address.is_v4();
  const auto who = input.take<std::uint8_t>();
  const std::uint8_t number = who >> 4;
  IpAddress address = station_address(v4, number % friends);
  switch (who & 0xf) {
    case 0:
    case 1:
      address = station_address(v4, friends + number);
      break;
    case 2:
    case 3:
      address = station_address(v4, 100 + strangers++);
      break;
    case 4:
      address = far_address(v4, number);
      break;
    case 5: {
      const std::array<IpAddress, 4> odd = {
          to.station.address, v4 ? IpAddress(std::uint32_t{0}) : IpAddress{},
          v4 ? IpAddress(0xffffffff) : IpAddress(0, 1), to.local.group.address};
      address = odd[number % odd.size()];
      break;
    }
    default:
      break;
  }
  const std::array<MacAddress, 6> macs = {{{2, 0, 0, 0, 0, 1},
                                           {2, 0, 0, 0, 0, number},
                                           broadcast_mac,
                                           multicast_mac(to.local.group.address),
                                           {},
                                           to.station.mac}};
  const auto which = input.take<std::uint8_t>() & 0x1fU;
  return {.address = address, .mac = which < macs.size() ? macs[which] : derived_mac(address)};
}

void change(Bytes& frame, Input& input) {
  if (frame.empty()) return;
  const std::size_t at = input.take<std::uint16_t>() % frame.size();
  const auto how = input.take<std::uint8_t>();
  const auto value = input.take<std::byte>();
  if ((how & 1) != 0)
    frame[at] = value;
  else
    frame[at] ^= std::byte{static_cast<unsigned char>(1U << (how >> 1 & 7U))};
}

/// As a port may say it, whether it is so or not.
std::uint64_t port_flags(std::uint8_t choice) {
  constexpr std::array<std::uint64_t, 4> ip = {
      0, RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_BAD, RTE_MBUF_F_RX_IP_CKSUM_NONE};
  constexpr std::array<std::uint64_t, 4> udp = {
      0, RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_BAD, RTE_MBUF_F_RX_L4_CKSUM_NONE};
  return ip[choice & 3U] | udp[choice >> 2 & 3U];
}

/// In our VLAN, mostly.
void put_tag(Arrival& arrival, Input& input, std::uint16_t vlan) {
  const auto how = input.take<std::uint8_t>();
  const auto control = static_cast<std::uint16_t>(vlan | (how & 0xe0U) << 8);
  if ((how & 0x1f) == 0) return;
  if ((how & 0x1f) == 1) arrival.bytes = golden::tagged(arrival.bytes, input.take<std::uint16_t>());
  if ((how & 0x1f) == 2)
    arrival.bytes = golden::tagged(arrival.bytes, control, ether_type_provider_vlan);
  if (vlan == untagged) return;
  if ((how & 0x1f) >= 24) {
    arrival.flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    arrival.stripped_tag = control;
  } else {
    arrival.bytes = golden::tagged(arrival.bytes, control);
  }
}

}  // namespace

IpAddress station_address(bool v4, std::uint32_t number) {
  return v4 ? IpAddress(golden::neighbour.address.v4() + number)
            : IpAddress{golden6::neighbour_address.high, golden6::neighbour_address.low + number};
}

IpAddress far_address(bool v4, std::uint8_t number) {
  return v4 ? IpAddress(0xc0a80001U + number) : IpAddress{0xfd78'0000'0000'0000, 1U + number};
}

Bytes written(OthersKind kind, const Station& sender, const Speaker& to,
              std::size_t payload_bytes) {
  const bool v4 = to.station.address.is_v4();
  const UdpFramer framer({sender.address, 7778}, sender.mac, {});
  switch (kind) {
    case OthersKind::datagram:
      return testing::framed(framer, Bytes(payload_bytes, std::byte{0xa5}), to.station.mac,
                             to.local.self);
    case OthersKind::group_datagram:
      return testing::framed(framer, Bytes(payload_bytes, std::byte{0xa5}),
                             multicast_mac(to.local.group.address), to.local.group);
    case OthersKind::echo_request:
      return echo_request(sender, to, payload_bytes);
    case OthersKind::older_query:
    case OthersKind::newer_query:
      return query(kind == OthersKind::newer_query, sender, v4);
    case OthersKind::noise:
      return Bytes(sizeof(EthernetHeader) + payload_bytes % 128, std::byte{0x08});
    default:
      return v4 ? arp(kind, sender, to.station) : discovery(kind, sender, to.station);
  }
}

void repair(std::span<std::byte> frame) {
  if (frame.size() < ip_at) return;
  const std::uint16_t type = header_at<EthernetHeader>(frame, 0).type;
  auto body = frame.subspan(ip_at);
  std::uint8_t protocol = 0;
  ChecksumSum pseudo = 0;
  if (type == ether_type_ipv4 && body.size() >= sizeof(Ipv4Header)) {
    auto& ip = header_at<Ipv4Header>(body, 0);
    const std::size_t bytes = (ip.version_and_words & 0xfU) * std::size_t{4};
    if (bytes < sizeof ip || bytes > ip.total_bytes || ip.total_bytes > body.size()) return;
    ip.checksum = 0;
    ip.checksum = checksum_of(checksum_sum(body.first(bytes)));
    protocol = ip.protocol;
    pseudo = checksum_sum_of(ip.source) + checksum_sum_of(ip.destination);
    body = body.subspan(bytes, ip.total_bytes - bytes);
  } else if (type == ether_type_ipv6 && body.size() >= sizeof(Ipv6Header)) {
    const auto& ip = header_at<Ipv6Header>(body, 0);
    if (sizeof ip + ip.payload_bytes > body.size()) return;
    protocol = ip.next_header;
    pseudo = checksum_sum_of(ip.source) + checksum_sum_of(ip.destination);
    body = body.subspan(sizeof ip, ip.payload_bytes);
    if (protocol == ip_protocol_hop_by_hop && body.size() >= sizeof(Ipv6Options)) {
      protocol = header_at<Ipv6Options>(std::span<const std::byte>(body), 0).next_header;
      body = body.subspan(sizeof(Ipv6Options));
    }
  }
  pseudo += checksum_sum_of_field(protocol) +
            checksum_sum_of_field(static_cast<std::uint16_t>(body.size()));
  if (protocol == ip_protocol_udp && body.size() >= sizeof(UdpHeader)) {
    auto& udp = header_at<UdpHeader>(body, 0);
    udp.checksum = 0;
    udp.checksum = checksum_of(pseudo + checksum_sum(body));
  } else if ((protocol == ip_protocol_icmp || protocol == ip_protocol_igmp ||
              protocol == ip_protocol_icmpv6) &&
             body.size() >= sizeof(IcmpHeader)) {
    auto& icmp = header_at<IcmpHeader>(body, 0);
    icmp.checksum = 0;
    icmp.checksum = checksum_of((protocol == ip_protocol_icmpv6 ? pseudo : 0) + checksum_sum(body));
  }
}

Arrival next_arrival(Input& input, const Speaker& to, std::uint32_t& strangers) {
  const auto kind = static_cast<OthersKind>(input.take<std::uint8_t>() % others_kinds);
  const Station sender = next_sender(input, to, strangers);
  const auto shape = input.take<std::uint8_t>();
  const std::size_t payload_bytes =
      (shape & 0xc0) == 0xc0 ? input.take<std::uint16_t>() % (to.mtu + 600) : shape >> 3;
  Arrival arrival{.bytes = written(kind, sender, to, payload_bytes)};
  constexpr std::array<unsigned, 8> changes = {0, 0, 0, 0, 1, 1, 2, 4};
  const unsigned changed = changes[shape & 7U];
  for (unsigned i = 0; i < changed; ++i) change(arrival.bytes, input);
  const auto more = input.take<std::uint8_t>();
  if ((more & 1) == 0 && changed > 0) repair(arrival.bytes);
  if ((more & 0xe) == 0xe) arrival.flags = port_flags(input.take<std::uint8_t>());
  put_tag(arrival, input, to.vlan);
  if ((more & 0x30) == 0x30)  // cut short, or made longer
    arrival.bytes.resize(input.take<std::uint16_t>() % (arrival.bytes.size() + 64));
  const std::size_t buffer = frame_bytes_for(to.mtu);
  // Ports cut no headers of Ethernet.
  constexpr std::size_t least = sizeof(EthernetHeader) + sizeof(VlanTag);
  if ((more & 0xc0) == 0xc0)
    arrival.first_piece = least + input.take<std::uint16_t>() % (buffer - least);
  if (arrival.bytes.size() > buffer && arrival.first_piece == 0) arrival.first_piece = buffer;
  if (arrival.first_piece != 0)
    arrival.further_pieces = 1 + arrival.bytes.size() / buffer + input.take<std::uint8_t>() % 3;
  return arrival;
}

}  // namespace muster::dpdk::fuzz
