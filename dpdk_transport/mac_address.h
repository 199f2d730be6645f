// Ethernet addresses.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::dpdk {

using MacAddress = std::array<std::uint8_t, 6>;

inline constexpr MacAddress broadcast_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/// "02:6d:0a:4d:00:01".
std::string to_string(const MacAddress& mac);
/// The reverse, with digits of either case; nothing where `text` is no such address.
std::optional<MacAddress> parse_mac(std::string_view text);

/// 02:6d and the four bytes of `address` (host byte order): locally administered, and different
/// for different addresses.
constexpr MacAddress derived_mac(std::uint32_t address) {
  return {0x02,
          0x6d,
          static_cast<std::uint8_t>(address >> 24),
          static_cast<std::uint8_t>(address >> 16),
          static_cast<std::uint8_t>(address >> 8),
          static_cast<std::uint8_t>(address)};
}

/// Where frames to an IPv4 multicast group (host byte order) go: RFC 1112, section 6.4.
constexpr MacAddress multicast_mac(std::uint32_t group) {
  return {0x01,
          0x00,
          0x5e,
          static_cast<std::uint8_t>((group >> 16) & 0x7f),
          static_cast<std::uint8_t>(group >> 8),
          static_cast<std::uint8_t>(group)};
}

}  // namespace muster::dpdk
