// Addresses with what belongs to them, as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/types.h"

namespace muster {

/// An address and the network it is in.
struct Network {
  IpAddress address;
  std::uint8_t prefix_bits = 0;  ///< of its family's
  std::string interface{};       ///< that has the address, where that is said

  /// All host bits zero: the network's own number.
  IpAddress first() const;
  /// All of them one: with IPv4 the broadcast address.
  IpAddress last() const;
  bool contains(const IpAddress& other) const { return first() <= other && other <= last(); }
};
/// "10.77.0.1/24", "fd77::1/64", "fe80::1%eth0/64"; of a link-local address the network is known,
/// and may be left out.
std::optional<Network> parse_network(std::string_view text);

/// "10.77.0.1:7777", "[fd77::1]:7777".
std::optional<Endpoint> parse_endpoint(std::string_view text);

}  // namespace muster
