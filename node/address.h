// IPv4 addresses as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cluster/types.h"

namespace muster {

/// "10.77.0.1", to host byte order; nullopt for anything else.
std::optional<std::uint32_t> parse_address(std::string_view text);

/// An address and the network it is in.
struct Network {
  std::uint32_t address = 0;
  std::uint8_t prefix_bits = 0;

  std::uint32_t mask() const { return prefix_bits == 0 ? 0 : ~0U << (32 - prefix_bits); }
  std::uint32_t host() const { return address & ~mask(); }
  std::uint32_t broadcast() const { return address | ~mask(); }
};
/// "10.77.0.1/24".
std::optional<Network> parse_network(std::string_view text);

/// "10.77.0.1:7777".
std::optional<Endpoint> parse_endpoint(std::string_view text);

inline bool is_multicast(std::uint32_t address) { return address >> 28 == 0xe; }

}  // namespace muster
