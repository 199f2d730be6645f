#include "dpdk_transport/mld.h"

#include "dpdk_transport/icmpv6_frame.h"

namespace muster::dpdk {

namespace {

/// "Routers, look at this" (RFC 2711), and two bytes that fill it up.
constexpr Ipv6Options router_alert{
    .next_header = ip_protocol_icmpv6, .more_units = 0, .options = {5, 2, 0, 0, 1, 0}};

/// Reports bear the address that a station has on its segment (RFC 3810, 5.2.13).
template <class Message>
void write_report(std::span<std::byte> frame, const MacAddress& mac, const IpAddress& destination,
                  const Message& message) {
  const Icmpv6Way way{.source = {link_local_address(mac), mac},
                      .destination = {destination, multicast_mac(destination)},
                      .hops = 1};
  write_ipv6(frame, way, ip_protocol_hop_by_hop, sizeof router_alert + sizeof message);
  constexpr std::size_t options_at = sizeof(EthernetHeader) + sizeof(Ipv6Header);
  header_at<Ipv6Options>(frame, options_at) = router_alert;
  write_icmpv6_message(frame.subspan(options_at + sizeof router_alert), way, message);
}

}  // namespace

std::size_t mld_frame_bytes(GroupProtocol protocol) {
  return sizeof(EthernetHeader) + sizeof(Ipv6Header) + sizeof router_alert +
         (protocol == GroupProtocol::newer ? sizeof(Mld2Report) : sizeof(MldMessage));
}

void write_mld(std::span<std::byte> frame, const MacAddress& mac, const IpAddress& group,
               GroupNews news, GroupProtocol protocol) {
  if (protocol == GroupProtocol::newer)
    return write_report(frame, mac, mld2_routers_group,
                        Mld2Report{.icmp = {.type = icmpv6_mld2_report, .code = 0, .checksum = 0},
                                   .reserved = 0,
                                   .records = 1,
                                   .record_type = record_type(news),
                                   .auxiliary_words = 0,
                                   .sources = 0,
                                   .group = group.bytes()});
  const bool leaves = news == GroupNews::leaves;
  write_report(
      frame, mac, leaves ? all_routers_group : group,
      MldMessage{
          .icmp = {.type = leaves ? icmpv6_mld_done : icmpv6_mld_report, .code = 0, .checksum = 0},
          .max_response_ms = 0,
          .reserved = 0,
          .group = group.bytes()});
}

}  // namespace muster::dpdk
