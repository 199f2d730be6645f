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
                                                         .sender = sender.address,
                                                         .target_mac = target.mac,
                                                         .target = target.address};
}

/// One station's own: neither a group, nor everybody, nor nobody.
bool is_station(const Station& station) {
  const bool group_mac = (station.mac[0] & 1) != 0;
  const bool group_address = station.address >> 29 == 0x7;  // 224.0.0.0 and all above
  return station.address != 0 && !group_address && !group_mac && station.mac != MacAddress{};
}

}  // namespace

void write_arp_request(std::span<std::byte> frame, const Station& self, std::uint32_t address) {
  write_arp(frame, broadcast_mac, arp_request, self, {.address = address, .mac = {}});
}

void write_arp_announcement(std::span<std::byte> frame, const Station& self) {
  write_arp_request(frame, self, self.address);
}

ArpNews read_arp(std::span<const std::byte> frame, const Station& self) {
  const auto& arp = header_at<ArpPacket>(frame, sizeof(EthernetHeader));
  const Station sender{.address = arp.sender, .mac = arp.sender_mac};
  const bool ours = arp.hardware == hardware_ethernet && arp.protocol == ether_type_ipv4 &&
                    arp.hardware_bytes == sizeof(MacAddress) && arp.protocol_bytes == sizeof(Be32);
  const bool known = arp.operation == arp_request || arp.operation == arp_reply;
  if (!ours || !known || !is_station(sender)) return {};
  return {.valid = true,
          .for_us = arp.operation == arp_request && arp.target == self.address &&
                    sender.address != self.address,
          .conflict = sender.address == self.address && sender.mac != self.mac,
          .sender = sender};
}

void make_arp_reply(std::span<std::byte> frame, const Station& self) {
  const auto& arp = header_at<ArpPacket>(frame, sizeof(EthernetHeader));
  const Station asker{.address = arp.sender, .mac = arp.sender_mac};
  write_arp(frame, asker.mac, arp_reply, self, asker);
}

std::size_t ArpTable::set_of(std::uint32_t address) {
  // Neighbours on a segment differ in the last bytes: spread them over the sets.
  return static_cast<std::uint64_t>(address * 0x9e3779b1U) * sets >> 32;
}

void ArpTable::learn(const Station& station) {
  Set& set = sets_[set_of(station.address)];
  for (Station& known : set.stations) {
    if (known.address != station.address) continue;
    known.mac = station.mac;  // to compare them first would cost more
    return;
  }
  set.stations[set.oldest] = station;
  set.oldest = (set.oldest + 1) % ways;
}

const MacAddress* ArpTable::find(std::uint32_t address) const {
  for (const Station& known : sets_[set_of(address)].stations)
    if (known.address == address) return &known.mac;
  return nullptr;
}

bool ArpPacer::ask(std::uint32_t address, TimeNs now) {
  Asked& asked = asked_[address % asked_.size()];
  if (asked.address == address && now < asked.again_ns) return false;
  asked = {.address = address, .again_ns = now + interval_ns};
  return true;
}

}  // namespace muster::dpdk
