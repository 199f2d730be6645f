#include "dpdk_transport/control_frames.h"

#include "dpdk_transport/checksum.h"

namespace muster::dpdk {

namespace {

constexpr std::uint8_t icmp_echo_reply = 0;
constexpr std::uint8_t igmp_report = 0x16;
constexpr std::uint8_t igmp_leave = 0x17;
constexpr std::uint8_t igmp3_report = 0x22;
constexpr std::uint32_t all_routers = 0xe0000002;
constexpr std::uint32_t igmp3_routers = 0xe0000016;
constexpr std::uint32_t router_alert = 0x94040000;  // RFC 2113
constexpr std::uint8_t ttl_answers = 64;

/// The IPv4 header as it lies in an IGMP frame.
struct IgmpIpHeader {
  Ipv4Header ip;
  Be32 option;
};

template <class Message>
void write_igmp(std::span<std::byte> frame, const Station& self, std::uint32_t destination,
                const Message& message) {
  header_at<EthernetHeader>(frame, 0) = {
      .destination = multicast_mac(destination), .source = self.mac, .type = ether_type_ipv4};
  auto& header = header_at<IgmpIpHeader>(frame, sizeof(EthernetHeader));
  header = {.ip = {.version_and_words = 0x46,
                   .service = 0xc0,  // internetwork control
                   .total_bytes = sizeof(IgmpIpHeader) + sizeof(Message),
                   .id = 0,
                   .fragment = ip_dont_fragment,
                   .ttl = 1,
                   .protocol = ip_protocol_igmp,
                   .checksum = 0,
                   .source = self.address,
                   .destination = destination},
            .option = router_alert};
  header.ip.checksum = checksum_of(checksum_sum_of(header));
  auto& igmp = header_at<Message>(frame, sizeof(EthernetHeader) + sizeof(IgmpIpHeader));
  igmp = message;
  igmp.checksum = checksum_of(checksum_sum_of(igmp));
}

/// RFC 3376, 4.2.12: all sources but none, or none but none.
std::uint8_t record_type(GroupNews news) {
  switch (news) {
    case GroupNews::is_in:
      return 2;
    case GroupNews::leaves:
      return 3;
    case GroupNews::joins:
      return 4;
  }
  return 2;
}

}  // namespace

void make_echo_reply(std::span<std::byte> frame, const Classified& request, const Station& self) {
  auto& ethernet = header_at<EthernetHeader>(frame, 0);
  ethernet.destination = ethernet.source;
  ethernet.source = self.mac;

  auto& ip = header_at<Ipv4Header>(frame, sizeof(EthernetHeader));
  ip.destination = ip.source;
  ip.source = self.address;
  ip.ttl = ttl_answers;
  ip.checksum = 0;
  const std::size_t ip_header_bytes = request.offset - sizeof(EthernetHeader);
  ip.checksum = checksum_of(checksum_sum(frame.subspan(sizeof(EthernetHeader), ip_header_bytes)));

  auto& icmp = header_at<IcmpHeader>(frame, request.offset);
  icmp.type = icmp_echo_reply;
  icmp.checksum = 0;
  icmp.checksum = checksum_of(checksum_sum(frame.subspan(request.offset, request.bytes)));
}

void write_group_news(std::span<std::byte> frame, const Station& self, std::uint32_t group,
                      GroupNews news, IgmpVersion version) {
  if (version == IgmpVersion::v3)
    return write_igmp(frame, self, igmp3_routers,
                      Igmp3Report{.type = igmp3_report,
                                  .reserved_1 = 0,
                                  .checksum = 0,
                                  .reserved_2 = 0,
                                  .records = 1,
                                  .record_type = record_type(news),
                                  .auxiliary_words = 0,
                                  .sources = 0,
                                  .group = group});
  const bool leaves = news == GroupNews::leaves;
  write_igmp(frame, self, leaves ? all_routers : group,
             IgmpMessage{.type = leaves ? igmp_leave : igmp_report,
                         .max_response = 0,
                         .checksum = 0,
                         .group = group});
}

}  // namespace muster::dpdk
