// How long packets may be on a port whose driver says how long frames and packets may be.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "cluster/mtu.h"
#include "dpdk_transport/vlan.h"

namespace muster::dpdk {

/// As a driver says it.
struct DriverLimits {
  std::uint32_t frame_bytes_max = 0;
  std::uint32_t mtu_max = UINT16_MAX;  ///< this: it does not say
};

/// The addresses, the type and the checksum.
inline constexpr std::uint32_t ethernet_bytes = sizeof(EthernetHeader) + 4;

/// What DPDK counts around a packet: a NIC drops frames that are longer than that and its MTU.
constexpr std::uint32_t bytes_around(const DriverLimits& limits) {
  const bool both = limits.mtu_max != UINT16_MAX && limits.frame_bytes_max > limits.mtu_max;
  return both ? limits.frame_bytes_max - limits.mtu_max : ethernet_bytes;
}

/// What is missing there for the tag of `vlan`: so much larger the port's MTU has to be.
constexpr std::uint32_t missing_for_tag(const DriverLimits& limits, std::uint16_t vlan) {
  const auto needed = static_cast<std::uint32_t>(ethernet_bytes + tag_bytes_of(vlan));
  const std::uint32_t around = bytes_around(limits);
  return vlan == untagged || around >= needed ? 0 : needed - around;
}

/// The longest packets that it carries in `vlan`.
constexpr std::uint32_t mtu_max_of(const DriverLimits& limits, std::uint16_t vlan) {
  return std::min(limits.mtu_max, limits.frame_bytes_max - bytes_around(limits)) -
         missing_for_tag(limits, vlan);
}

/// The MTU to give the port, whose members' is at most mtu_max_of(). Others may send to it what is
/// longer than members' packets.
constexpr std::uint32_t mtu_of_port(const DriverLimits& limits, std::uint32_t mtu,
                                    std::uint16_t vlan) {
  return std::min(std::max(mtu, mtu_default), mtu_max_of(limits, vlan)) +
         missing_for_tag(limits, vlan);
}

}  // namespace muster::dpdk
