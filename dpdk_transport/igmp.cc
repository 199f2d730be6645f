#include "dpdk_transport/igmp.h"

#include "dpdk_transport/checksum.h"
#include "dpdk_transport/headers.h"

namespace muster::dpdk {

namespace {

constexpr std::uint8_t igmp2_report = 0x16;
constexpr std::uint8_t igmp2_leave = 0x17;
constexpr std::uint8_t igmp3_report = 0x22;
constexpr std::uint32_t all_routers = 0xe0000002;
constexpr std::uint32_t igmp3_routers = 0xe0000016;
constexpr std::uint32_t router_alert = 0x94040000;  // RFC 2113

/// The IPv4 header as it lies in an IGMP frame.
struct IgmpIpHeader {
  Ipv4Header ip;
  Be32 option;
};

template <class Message>
void write_message(std::span<std::byte> frame, const Station& self, std::uint32_t destination,
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
                   .source = self.address.v4(),
                   .destination = destination},
            .option = router_alert};
  header.ip.checksum = checksum_of(checksum_sum_of(header));
  auto& igmp = header_at<Message>(frame, sizeof(EthernetHeader) + sizeof(IgmpIpHeader));
  igmp = message;
  igmp.checksum = checksum_of(checksum_sum_of(igmp));
}

}  // namespace

std::size_t igmp_frame_bytes(GroupProtocol protocol) {
  return sizeof(EthernetHeader) + sizeof(IgmpIpHeader) +
         (protocol == GroupProtocol::newer ? sizeof(Igmp3Report) : sizeof(IgmpMessage));
}

void write_igmp(std::span<std::byte> frame, const Station& self, std::uint32_t group,
                GroupNews news, GroupProtocol protocol) {
  if (protocol == GroupProtocol::newer)
    return write_message(frame, self, igmp3_routers,
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
  write_message(frame, self, leaves ? all_routers : group,
                IgmpMessage{.type = leaves ? igmp2_leave : igmp2_report,
                            .max_response = 0,
                            .checksum = 0,
                            .group = group});
}

}  // namespace muster::dpdk
