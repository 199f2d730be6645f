#include "dpdk_transport/arp.h"

namespace muster::dpdk {

namespace {

constexpr std::uint16_t arp_request = 1;
constexpr std::uint16_t arp_reply = 2;
constexpr std::uint16_t hardware_ethernet = 1;

void write_arp(std::span<std::byte> frame, const MacAddress& destination, std::uint16_t operation,
               const Station& sender, const Station& target) {
  header_at<EthernetHeader>(frame, 0) = {
      .destination = destination, .source = sender.mac, .type = ether_type_arp};
  header_at<ArpPacket>(frame, sizeof(EthernetHeader)) = {.hardware = hardware_ethernet,
                                                         .protocol = ether_type_ipv4,
                                                         .hardware_bytes = sizeof(MacAddress),
                                                         .protocol_bytes = sizeof(Be32),
                                                         .operation = operation,
                                                         .sender_mac = sender.mac,
                                                         .sender = sender.address.v4(),
                                                         .target_mac = target.mac,
                                                         .target = target.address.v4()};
}

}  // namespace

void write_arp_request(std::span<std::byte> frame, const Station& self, std::uint32_t address) {
  write_arp(frame, broadcast_mac, arp_request, self, {.address = address, .mac = {}});
}

void write_arp_announcement(std::span<std::byte> frame, const Station& self) {
  write_arp_request(frame, self, self.address.v4());
}

NeighbourNews read_arp(std::span<const std::byte> frame, const Station& self) {
  const auto& arp = header_at<ArpPacket>(frame, sizeof(EthernetHeader));
  const Station sender{.address = std::uint32_t{arp.sender}, .mac = arp.sender_mac};
  const bool ours = arp.hardware == hardware_ethernet && arp.protocol == ether_type_ipv4 &&
                    arp.hardware_bytes == sizeof(MacAddress) && arp.protocol_bytes == sizeof(Be32);
  const bool known = arp.operation == arp_request || arp.operation == arp_reply;
  // Whoever makes sure that nobody has an address asks for it without having one (RFC 5227).
  const bool probe =
      arp.operation == arp_request && sender.address == IpAddress(0) && is_for_one(sender.mac);
  if (ours && probe) {
    const bool wants_ours = self.address == std::uint32_t{arp.target};
    return {.for_us = wants_ours, .conflict = wants_ours};
  }
  if (!ours || !known || !is_station(sender)) return {};
  return {.valid = true,
          .for_us = arp.operation == arp_request && self.address == std::uint32_t{arp.target} &&
                    sender.address != self.address,
          .conflict = sender.address == self.address && sender.mac != self.mac,
          .answer = arp.operation == arp_reply,
          .asks_others = arp.operation == arp_request &&
                         self.address != std::uint32_t{arp.target} &&
                         sender.address != std::uint32_t{arp.target},
          .sender = sender};
}

void make_arp_reply(std::span<std::byte> frame, const Station& self) {
  const auto& arp = header_at<ArpPacket>(frame, sizeof(EthernetHeader));
  const Station asker{.address = std::uint32_t{arp.sender}, .mac = arp.sender_mac};
  write_arp(frame, asker.mac, arp_reply, self, asker);
}

}  // namespace muster::dpdk
