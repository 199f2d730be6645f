// Ethernet addresses.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/ip_address.h"

namespace muster::dpdk {

using MacAddress = std::array<std::uint8_t, 6>;

inline constexpr MacAddress broadcast_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/// One station's: neither a group's, nor everybody's, nor nobody's.
constexpr bool is_for_one(const MacAddress& mac) {
  return (mac[0] & 1) == 0 && mac != MacAddress{};
}

/// "02:6d:0a:4d:00:01".
std::string to_string(const MacAddress& mac);
/// The reverse, with digits of either case; nothing where `text` is no such address.
std::optional<MacAddress> parse_mac(std::string_view text);

/// 02:6d and four bytes that follow from `address`, of IPv4 the address itself: locally
/// administered, and different for addresses that differ in one group of digits.
constexpr MacAddress derived_mac(const IpAddress& address) {
  const std::uint64_t words = address.high ^ address.low;
  const auto mixed =
      static_cast<std::uint32_t>(address.is_v4() ? address.low : words ^ words >> 32);
  const auto byte = [&](int number) { return static_cast<std::uint8_t>(mixed >> 8 * number); };
  return {0x02, 0x6d, byte(3), byte(2), byte(1), byte(0)};
}

/// Where frames to a multicast group go: RFC 1112, 6.4 and RFC 2464, 7.
constexpr MacAddress multicast_mac(const IpAddress& group) {
  const bool v4 = group.is_v4();
  const auto byte = [&](int number) { return static_cast<std::uint8_t>(group.low >> 8 * number); };
  if (!v4) return {0x33, 0x33, byte(3), byte(2), byte(1), byte(0)};
  return {0x01, 0x00, 0x5e, static_cast<std::uint8_t>(byte(2) & 0x7f), byte(1), byte(0)};
}

}  // namespace muster::dpdk
