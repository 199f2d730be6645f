#include "dpdk_transport/udp_frame.h"

#include <algorithm>
#include <cstring>

namespace muster::dpdk {

namespace {

constexpr std::uint8_t hops_to(const IpAddress& peer) {
  return peer.is_multicast() ? UdpFramer::hops_multicast : UdpFramer::hops_unicast;
}

/// The header that ends so many bytes in front of a payload.
template <class Header, class Byte>
auto& before(Byte* payload, std::size_t behind) {
  return header_at<Header>(std::span(payload - behind - sizeof(Header), sizeof(Header)), 0);
}
/// Of Ethernet, where the frame begins.
template <class Byte>
auto& destination_before(Byte* payload, std::size_t headers_bytes) {
  return before<MacAddress>(payload, headers_bytes - sizeof(MacAddress));
}
template <class Byte>
auto& udp_before(Byte* payload) {
  return before<UdpHeader>(payload, 0);
}
template <class Header, class Byte>
auto& ip_before(Byte* payload) {
  return before<Header>(payload, sizeof(UdpHeader));
}

}  // namespace

UdpFramer::UdpFramer(const Endpoint& self, const MacAddress& mac, Checksums checksums,
                     std::uint16_t vlan)
    : ip_bytes_(self.address.is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header)),
      headers_bytes_(sizeof(EthernetHeader) + tag_bytes_of(vlan) + ip_bytes_ + sizeof(UdpHeader)),
      source_port_(self.port),
      ip_sum_(0),
      udp_sum_(checksum_sum_of_field(ip_protocol_udp)),
      checksums_(checksums) {
  std::array<std::byte, room> headers{};
  std::byte* end = headers.data() + headers.size();
  const bool v4 = self.address.is_v4();
  before<EthernetHeader>(end, ip_bytes_ + sizeof(UdpHeader)) = {
      .destination = {}, .source = mac, .type = v4 ? ether_type_ipv4 : ether_type_ipv6};
  if (vlan != untagged) put_tag_on(std::span(headers).last(headers_bytes_), vlan);
  udp_before(end) = {.source = self.port, .destination = 0, .bytes = 0, .checksum = 0};
  if (v4) {
    auto& ip = ip_before<Ipv4Header>(end);
    ip = {.version_and_words = 0x45,
          .service = 0,
          .total_bytes = 0,
          .id = 0,
          .fragment = ip_dont_fragment,
          .ttl = 0,
          .protocol = ip_protocol_udp,
          .checksum = 0,
          .source = self.address.v4(),
          .destination = 0};
    ip_sum_ = checksum_sum_of(ip);
    udp_sum_ += checksum_sum_of(ip.source);
  } else {
    auto& ip = ip_before<Ipv6Header>(end);
    ip = {.version_class_flow = 0x60000000,
          .payload_bytes = 0,
          .next_header = ip_protocol_udp,
          .hop_limit = 0,
          .source = self.address.bytes(),
          .destination = {}};
    udp_sum_ += checksum_sum_of(ip.source);
  }
  std::ranges::copy(std::span(headers).last(prepared_.size()), prepared_.begin());
}

/// The sum of `peer`.
ChecksumSum UdpFramer::write_ipv4(std::byte* payload, std::uint16_t udp_bytes,
                                  const IpAddress& peer) const {
  auto& ip = ip_before<Ipv4Header>(payload);
  const Be32 destination = peer.v4();
  const std::uint8_t ttl = hops_to(peer);
  const auto bytes = static_cast<std::uint16_t>(udp_bytes + sizeof(Ipv4Header));
  const ChecksumSum peer_sum = checksum_sum_of(destination);
  ip.total_bytes = bytes;
  ip.ttl = ttl;
  ip.destination = destination;
  if (checksums_.ip == Checksum::computed)
    ip.checksum = checksum_of(ip_sum_ + peer_sum + checksum_sum_of_field(bytes) +
                              checksum_sum_of_field(static_cast<std::uint16_t>(ttl << 8)));
  return peer_sum;
}

ChecksumSum UdpFramer::write_ipv6(std::byte* payload, std::uint16_t udp_bytes,
                                  const IpAddress& peer) const {
  auto& ip = ip_before<Ipv6Header>(payload);
  const IpAddress::Bytes destination = peer.bytes();
  ip.payload_bytes = udp_bytes;
  ip.hop_limit = hops_to(peer);
  ip.destination = destination;
  return checksum_sum_of(destination);
}

// Sums are made of values, and only the payload is read back: to read what was just written in
// smaller pieces stalls the processor.
void UdpFramer::write(std::span<std::byte> payload, const MacAddress& destination,
                      const Endpoint& peer, std::span<const std::byte> rest) const {
  std::byte* at = payload.data();
  std::memcpy(at - prepared_.size(), prepared_.data(), prepared_.size());
  destination_before(at, headers_bytes_) = destination;

  const auto udp_bytes =
      static_cast<std::uint16_t>(payload.size() + rest.size() + sizeof(UdpHeader));
  const bool v4 = ip_bytes_ == sizeof(Ipv4Header);
  const ChecksumSum peer_sum =
      v4 ? write_ipv4(at, udp_bytes, peer.address) : write_ipv6(at, udp_bytes, peer.address);

  auto& udp = udp_before(at);
  udp.destination = peer.port;
  udp.bytes = udp_bytes;
  if (checksums_.udp == Checksum::none && v4) return;  // 0 says so
  const ChecksumSum pseudo = udp_sum_ + peer_sum + checksum_sum_of_field(udp_bytes);
  if (checksums_.udp == Checksum::left_to_port) {
    udp.checksum = static_cast<std::uint16_t>(~checksum_of(pseudo));
    return;
  }
  const ChecksumSum fields = checksum_sum_of_field(source_port_) +
                             checksum_sum_of_field(peer.port) + checksum_sum_of_field(udp_bytes);
  const std::uint16_t checksum = checksum_of(pseudo + fields + checksum_sum(payload, rest));
  udp.checksum = checksum == 0 ? std::uint16_t{0xffff} : checksum;
}

bool UdpFramer::is_written(std::span<const std::byte> payload, const MacAddress& destination,
                           const Endpoint& peer) const {
  const std::byte* at = payload.data();
  const bool same = destination_before(at, headers_bytes_) == destination &&
                    udp_before(at).destination == peer.port;
  if (!same) return false;
  return ip_bytes_ == sizeof(Ipv4Header)
             ? IpAddress(std::uint32_t{ip_before<Ipv4Header>(at).destination}) == peer.address
             : IpAddress(ip_before<Ipv6Header>(at).destination) == peer.address;
}

}  // namespace muster::dpdk
