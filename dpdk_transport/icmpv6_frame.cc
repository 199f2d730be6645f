#include "dpdk_transport/icmpv6_frame.h"

namespace muster::dpdk {

void write_ipv6(std::span<std::byte> frame, const Icmpv6Way& way, std::uint8_t next_header,
                std::size_t bytes) {
  header_at<EthernetHeader>(frame, 0) = {
      .destination = way.destination.mac, .source = way.source.mac, .type = ether_type_ipv6};
  header_at<Ipv6Header>(frame, sizeof(EthernetHeader)) = {
      .version_class_flow = 0x60000000,
      .payload_bytes = static_cast<std::uint16_t>(bytes),
      .next_header = next_header,
      .hop_limit = way.hops,
      .source = way.source.address.bytes(),
      .destination = way.destination.address.bytes()};
}

}  // namespace muster::dpdk
