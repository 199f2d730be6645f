#include "node/address.h"

#include <charconv>

namespace muster {
namespace {

constexpr std::uint8_t link_local_prefix_bits = 64;  // RFC 4291, 2.5.6

/// nullopt unless `text` is a number, and one of 0 to `max`.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end || number > max) return std::nullopt;
  return number;
}

/// What follows the first `mark` in `text`, which loses it and the mark; nullopt without one.
std::optional<std::string_view> take_after(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view after = text.substr(at + 1);
  text = text.substr(0, at);
  return after;
}

/// Ones where an address of the network has the host's bits.
IpAddress host_bits(const Network& network) {
  const unsigned bits = 128 - network.address.bits() + network.prefix_bits;
  const auto below = [](unsigned prefix) { return prefix >= 64 ? 0 : UINT64_MAX >> prefix; };
  return {below(bits), below(bits < 64 ? 0 : bits - 64)};
}

}  // namespace

IpAddress Network::first() const {
  const IpAddress host = host_bits(*this);
  return {address.high & ~host.high, address.low & ~host.low};
}

IpAddress Network::last() const {
  const IpAddress host = host_bits(*this);
  return {address.high | host.high, address.low | host.low};
}

std::optional<Network> parse_network(std::string_view text) {
  const auto prefix = take_after(text, '/');
  const auto interface = take_after(text, '%');
  const auto address = parse_address(text);
  if (!address || (interface && (interface->empty() || address->is_v4()))) return std::nullopt;
  std::optional<std::uint32_t> prefix_bits;
  if (prefix)
    prefix_bits = parse_number(*prefix, address->bits());
  else if (address->is_link_local())
    prefix_bits = link_local_prefix_bits;
  if (!prefix_bits) return std::nullopt;
  return Network{*address, static_cast<std::uint8_t>(*prefix_bits),
                 std::string(interface.value_or(""))};
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number(text.substr(colon + 1), 65535);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  if (!address || address->is_v4() == bracketed || !port) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

}  // namespace muster
