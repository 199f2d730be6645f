#include "dpdk_transport/echo.h"

#include "dpdk_transport/checksum.h"
#include "dpdk_transport/icmpv6_frame.h"

namespace muster::dpdk {

namespace {

constexpr std::uint8_t icmp_echo_reply = 0;
constexpr std::uint8_t hops = 64;

void turn_ipv4(std::span<std::byte> frame, std::size_t header_bytes, const Station& self) {
  auto& ip = header_at<Ipv4Header>(frame, sizeof(EthernetHeader));
  ip.destination = ip.source;
  ip.source = self.address.v4();
  ip.ttl = hops;
  ip.checksum = 0;
  ip.checksum = checksum_of(checksum_sum(frame.subspan(sizeof(EthernetHeader), header_bytes)));
}

void turn_ipv6(std::span<std::byte> frame, const Station& self) {
  auto& ip = header_at<Ipv6Header>(frame, sizeof(EthernetHeader));
  ip.destination = ip.source;
  ip.source = self.address.bytes();
  ip.hop_limit = hops;
}

}  // namespace

void make_echo_reply(std::span<std::byte> frame, const Classified& request, const Station& self) {
  auto& ethernet = header_at<EthernetHeader>(frame, 0);
  ethernet.destination = ethernet.source;
  ethernet.source = self.mac;

  const bool v4 = self.address.is_v4();
  const auto message = frame.subspan(request.offset, request.bytes);
  auto& icmp = header_at<IcmpHeader>(message, 0);
  icmp.type = v4 ? icmp_echo_reply : icmpv6_echo_reply;
  icmp.checksum = 0;
  ChecksumSum sum = checksum_sum(message);
  if (v4) {
    turn_ipv4(frame, request.offset - sizeof(EthernetHeader), self);
  } else {
    turn_ipv6(frame, self);
    sum += icmpv6_pseudo_sum(self.address, request.source.address, message.size());
  }
  icmp.checksum = checksum_of(sum);
}

}  // namespace muster::dpdk
