#include "dpdk_transport/mac_address.h"

#include <charconv>

#include <fmt/format.h>

namespace muster::dpdk {

std::string to_string(const MacAddress& mac) { return fmt::format("{:02x}", fmt::join(mac, ":")); }

std::optional<MacAddress> parse_mac(std::string_view text) {
  MacAddress mac{};
  if (text.size() != 3 * mac.size() - 1) return std::nullopt;
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const char* digits = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, mac[i], 16);
    const bool separated = i + 1 == mac.size() || digits[2] == ':';
    if (error != std::errc() || end != digits + 2 || !separated) return std::nullopt;
  }
  return mac;
}

}  // namespace muster::dpdk
