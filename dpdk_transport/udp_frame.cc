#include "dpdk_transport/udp_frame.h"

#include <cstring>

namespace muster::dpdk {

namespace {

/// What one 16-bit field adds to a sum.
ChecksumSum field_sum(std::uint16_t value) { return checksum_sum_of(Be16(value)); }

}  // namespace

UdpFramer::UdpFramer(const Endpoint& self, const MacAddress& mac, ChecksumOffload offload)
    : prepared_{.ethernet = {.destination = {}, .source = mac, .type = ether_type_ipv4},
                .ip = {.version_and_words = 0x45,
                       .service = 0,
                       .total_bytes = 0,
                       .id = 0,
                       .fragment = ip_dont_fragment,
                       .ttl = 0,
                       .protocol = ip_protocol_udp,
                       .checksum = 0,
                       .source = self.address,
                       .destination = 0},
                .udp = {.source = self.port, .destination = 0, .bytes = 0, .checksum = 0}},
      ip_sum_(checksum_sum_of(prepared_.ip)),
      offload_(offload) {}

void UdpFramer::write(std::span<std::byte> frame, const MacAddress& destination,
                      const Endpoint& peer) const {
  auto& headers = header_at<UdpFrameHeaders>(frame, 0);
  headers = prepared_;
  headers.ethernet.destination = destination;

  const auto udp_bytes =
      static_cast<std::uint16_t>(frame.size() - sizeof(EthernetHeader) - sizeof(Ipv4Header));
  const auto ip_bytes = static_cast<std::uint16_t>(udp_bytes + sizeof(Ipv4Header));
  headers.ip.total_bytes = ip_bytes;
  headers.ip.ttl = is_multicast(peer.address) ? ttl_multicast : ttl_unicast;
  headers.ip.destination = peer.address;
  if (!offload_.ip)
    headers.ip.checksum = checksum_of(ip_sum_ + field_sum(ip_bytes) +
                                      field_sum(static_cast<std::uint16_t>(headers.ip.ttl << 8)) +
                                      checksum_sum_of(headers.ip.destination));

  headers.udp.destination = peer.port;
  headers.udp.bytes = udp_bytes;
  const ChecksumSum pseudo = checksum_sum_of(UdpPseudoHeader{.source = headers.ip.source,
                                                             .destination = headers.ip.destination,
                                                             .zero = 0,
                                                             .protocol = ip_protocol_udp,
                                                             .udp_bytes = udp_bytes});
  if (offload_.udp) {
    headers.udp.checksum = static_cast<std::uint16_t>(~checksum_of(pseudo));
    return;
  }
  const auto udp = frame.subspan(sizeof(EthernetHeader) + sizeof(Ipv4Header));
  const std::uint16_t checksum = checksum_of(pseudo + checksum_sum(udp));
  headers.udp.checksum = checksum == 0 ? std::uint16_t{0xffff} : checksum;  // 0 says "none"
}

}  // namespace muster::dpdk
