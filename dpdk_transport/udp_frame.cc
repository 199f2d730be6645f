#include "dpdk_transport/udp_frame.h"

namespace muster::dpdk {

UdpFramer::UdpFramer(const Endpoint& self, const MacAddress& mac, Checksums checksums)
    : prepared_{.ethernet = {.destination = {}, .source = mac, .type = ether_type_ipv4},
                .ip = {.version_and_words = 0x45,
                       .service = 0,
                       .total_bytes = 0,
                       .id = 0,
                       .fragment = ip_dont_fragment,
                       .ttl = 0,
                       .protocol = ip_protocol_udp,
                       .checksum = 0,
                       .source = self.address.v4(),
                       .destination = 0},
                .udp = {.source = self.port, .destination = 0, .bytes = 0, .checksum = 0}},
      ip_sum_(checksum_sum_of(prepared_.ip)),
      udp_sum_(udp_pseudo_sum(prepared_.ip, 0)),
      checksums_(checksums) {}

// Sums are made of values, and only the payload is read back: to read what was just written in
// smaller pieces stalls the processor.
void UdpFramer::write(std::span<std::byte> frame, const MacAddress& destination,
                      const Endpoint& peer) const {
  auto& headers = header_at<UdpFrameHeaders>(frame, 0);
  headers = prepared_;
  headers.ethernet.destination = destination;

  const auto udp_bytes =
      static_cast<std::uint16_t>(frame.size() - sizeof(EthernetHeader) - sizeof(Ipv4Header));
  const auto ip_bytes = static_cast<std::uint16_t>(udp_bytes + sizeof(Ipv4Header));
  const std::uint32_t address = peer.address.v4();
  const std::uint8_t ttl = is_multicast(address) ? ttl_multicast : ttl_unicast;
  const ChecksumSum peer_sum = checksum_sum_of(Be32(address));
  headers.ip.total_bytes = ip_bytes;
  headers.ip.ttl = ttl;
  headers.ip.destination = address;
  if (checksums_.ip == Checksum::computed)
    headers.ip.checksum = checksum_of(ip_sum_ + peer_sum + checksum_sum_of_field(ip_bytes) +
                                      checksum_sum_of_field(static_cast<std::uint16_t>(ttl << 8)));

  headers.udp.destination = peer.port;
  headers.udp.bytes = udp_bytes;
  if (checksums_.udp == Checksum::none) return;  // 0 says so
  const ChecksumSum pseudo = udp_sum_ + peer_sum + checksum_sum_of_field(udp_bytes);
  if (checksums_.udp == Checksum::left_to_port) {
    headers.udp.checksum = static_cast<std::uint16_t>(~checksum_of(pseudo));
    return;
  }
  const ChecksumSum fields = checksum_sum_of_field(prepared_.udp.source) +
                             checksum_sum_of_field(peer.port) + checksum_sum_of_field(udp_bytes);
  const std::uint16_t checksum =
      checksum_of(pseudo + fields + checksum_sum(frame.subspan(sizeof headers)));
  headers.udp.checksum = checksum == 0 ? std::uint16_t{0xffff} : checksum;
}

}  // namespace muster::dpdk
