#include "node/address.h"

#include <charconv>

namespace muster {
namespace {

/// The number at the front of `text`, which loses it; nullopt unless it is one of 0 to `max`.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t max) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number > max) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

std::optional<std::uint32_t> parse_address(std::string_view text) {
  std::uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto byte = take_number(text, 255);
    if (!byte) return std::nullopt;
    address = address << 8 | *byte;
  }
  if (!text.empty()) return std::nullopt;
  return address;
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  std::string_view rest = text.substr(slash + 1);
  const auto prefix_bits = take_number(rest, 32);
  if (!address || !prefix_bits || !rest.empty()) return std::nullopt;
  return Network{*address, static_cast<std::uint8_t>(*prefix_bits)};
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 1);
  const auto port = take_number(rest, 65535);
  if (!address || !port || !rest.empty()) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

}  // namespace muster
