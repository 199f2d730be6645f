#include "cluster/ip_address.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include <fmt/format.h>

namespace muster {
namespace {

constexpr std::size_t groups = 8;

/// Of 16 bits each.
std::uint64_t group(const IpAddress& address, std::size_t number) {
  const std::uint64_t word = number < groups / 2 ? address.high : address.low;
  return word >> (48 - 16 * (number % 4)) & 0xffff;
}

std::string v6_text(const IpAddress& address) {
  // The longest run of zeros, the first of equals, and never a single one (RFC 5952, 4.2).
  std::size_t gap = groups;
  std::size_t gap_groups = 1;
  for (std::size_t first = 0; first < groups; ++first) {
    std::size_t end = first;
    while (end < groups && group(address, end) == 0) ++end;
    if (end - first <= gap_groups || end == first) continue;
    gap = first;
    gap_groups = end - first;
  }
  std::string text;
  for (std::size_t i = 0; i < groups;) {
    if (i == gap) {
      text += "::";
      i += gap_groups;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += fmt::format("{:x}", group(address, i++));
  }
  return text;
}

/// nullopt unless `text` is a number of so many digits at most.
std::optional<std::uint32_t> parse_number(std::string_view text, std::size_t digits_max, int base) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, base);
  if (text.size() > digits_max || error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

/// What stands before the first `mark` in `text`, which loses it and the mark.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t at = std::min(text.find(mark), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

std::optional<std::uint32_t> parse_v4(std::string_view text) {
  if (std::ranges::count(text, '.') != 3 || text.ends_with('.')) return std::nullopt;
  std::uint32_t address = 0;
  while (!text.empty()) {
    const std::string_view digits = take_until(text, '.');
    const auto byte = parse_number(digits, 3, 10);
    // Leading zeros mean octal to some.
    if (!byte || *byte > 255 || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
    address = address << 8 | *byte;
  }
  return address;
}

/// Some of an address, its first bytes or its last.
struct Part {
  IpAddress::Bytes bytes{};
  std::size_t size = 0;

  bool append(std::uint32_t value, std::size_t width) {
    if (size + width > bytes.size()) return false;
    for (std::size_t i = width; i-- > 0;) bytes[size++] = static_cast<std::uint8_t>(value >> 8 * i);
    return true;
  }
};

/// Groups with colons between them; the last two of an address may be written as one of IPv4.
std::optional<Part> parse_groups(std::string_view text, bool last) {
  Part part;
  if (text.ends_with(':')) return std::nullopt;
  while (!text.empty()) {
    const std::string_view one = take_until(text, ':');
    const bool dotted = last && text.empty() && one.find('.') != std::string_view::npos;
    const auto value = dotted ? parse_v4(one) : parse_number(one, 4, 16);
    if (!value || !part.append(*value, dotted ? 4 : 2)) return std::nullopt;
  }
  return part;
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto whole = parse_groups(text, true);
    if (!whole || whole->size != whole->bytes.size()) return std::nullopt;
    return IpAddress(whole->bytes);
  }
  auto address = parse_groups(text.substr(0, gap), false);
  const auto after = parse_groups(text.substr(gap + 2), true);
  if (!address || !after || address->size + after->size > address->bytes.size() - 2)
    return std::nullopt;
  std::copy_n(after->bytes.begin(), after->size, address->bytes.end() - after->size);
  return IpAddress(address->bytes);
}

}  // namespace

std::string to_string(const IpAddress& address) {
  if (!address.is_v4()) return v6_text(address);
  const std::uint32_t a = address.v4();
  return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
}

std::optional<IpAddress> parse_address(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto v4 = parse_v4(text);
    return v4 ? std::optional<IpAddress>(*v4) : std::nullopt;
  }
  const auto v6 = parse_v6(text);
  return v6 && !v6->is_v4() ? v6 : std::nullopt;  // an address of IPv4 is written in one way
}

}  // namespace muster
