#include "dpdk_transport/vlan.h"

#include <cstring>

namespace muster::dpdk {

namespace {

constexpr std::size_t addresses_bytes = offsetof(EthernetHeader, type);

}  // namespace

std::optional<std::uint16_t> take_tag_off(std::span<std::byte> frame) {
  if (frame.size() < sizeof(VlanTag) + sizeof(EthernetHeader)) return std::nullopt;
  const VlanTag tag = header_at<VlanTag>(frame, addresses_bytes);
  if (tag.protocol != ether_type_vlan) return std::nullopt;
  std::memmove(frame.data() + sizeof tag, frame.data(), addresses_bytes);
  return static_cast<std::uint16_t>(tag.control & vlan_id_mask);
}

void put_tag_on(std::span<std::byte> frame, std::uint16_t vlan) {
  std::memmove(frame.data(), frame.data() + sizeof(VlanTag), addresses_bytes);
  header_at<VlanTag>(frame, addresses_bytes) = {.protocol = ether_type_vlan, .control = vlan};
}

}  // namespace muster::dpdk
