// Tags of VLANs (IEEE 802.1Q), between a frame's addresses and its type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dpdk_transport/headers.h"

namespace muster::dpdk {

/// In the place of a VLAN: of frames without a tag, and of those whose tag says a priority alone.
inline constexpr std::uint16_t untagged = 0;

/// How much longer a VLAN makes a frame.
constexpr std::size_t tag_bytes_of(std::uint16_t vlan) {
  return vlan == untagged ? 0 : sizeof(VlanTag);
}

/// True: a tag follows the addresses, of whichever kind.
inline bool is_tagged(std::span<const std::byte> frame) {
  if (frame.size() < sizeof(EthernetHeader)) return false;
  const std::uint16_t type = header_at<EthernetHeader>(frame, 0).type;
  return type == ether_type_vlan || type == ether_type_provider_vlan;
}

/// Moves the addresses over the tag, and says whose VLAN it was: what is left begins
/// sizeof(VlanTag) further on. Nothing, and no byte is moved, where there is no tag of 802.1Q, or
/// not all of it and of the type behind it.
std::optional<std::uint16_t> take_tag_off(std::span<std::byte> frame);

/// Undoes that, with the lowest priority: as many bytes are free in front of the addresses.
void put_tag_on(std::span<std::byte> frame, std::uint16_t vlan);

}  // namespace muster::dpdk
