// An address of IPv6, or of IPv4 in the form in which IPv6 has it.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// a.b.c.d is ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). Two words in host byte order, since to compare
/// addresses is all that the hot path does with them; ordered as their bytes are.
struct IpAddress {
  /// In network byte order, as they lie in headers and on the wire.
  using Bytes = std::array<std::uint8_t, 16>;

  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// Unspecified: "::".
  constexpr IpAddress() = default;
  constexpr IpAddress(std::uint64_t high_word, std::uint64_t low_word)
      : high(high_word), low(low_word) {}
  // NOLINTNEXTLINE(google-explicit-constructor): each address of IPv4 (host byte order) is one
  constexpr IpAddress(std::uint32_t v4) : low(v4_prefix << 32 | v4) {}
  explicit constexpr IpAddress(const Bytes& bytes) {
    const auto words = std::bit_cast<Words>(bytes);
    high = swapped(words[0]);
    low = swapped(words[1]);
  }
  constexpr Bytes bytes() const { return std::bit_cast<Bytes>(Words{swapped(high), swapped(low)}); }

  constexpr bool is_v4() const { return high == 0 && low >> 32 == v4_prefix; }
  /// Host byte order; only where is_v4().
  constexpr std::uint32_t v4() const { return static_cast<std::uint32_t>(low); }
  constexpr bool is_unspecified() const {
    return high == 0 && (low == 0 || low == v4_prefix << 32);
  }
  constexpr bool is_multicast() const { return is_v4() ? v4() >> 28 == 0xe : high >> 56 == 0xff; }
  constexpr bool is_loopback() const { return is_v4() ? v4() >> 24 == 127 : high == 0 && low == 1; }
  /// fe80::/10: means something on one segment only, and so beside the name of an interface.
  constexpr bool is_link_local() const { return high >> 54 == 0xfe80 >> 6; }
  /// The bits of its family.
  constexpr unsigned bits() const { return is_v4() ? 32 : 128; }
  constexpr bool same_family(const IpAddress& other) const { return is_v4() == other.is_v4(); }

  friend constexpr bool operator==(const IpAddress&, const IpAddress&) = default;
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  using Words = std::array<std::uint64_t, 2>;
  static constexpr std::uint64_t v4_prefix = 0xffff;

  static constexpr std::uint64_t swapped(std::uint64_t word) {
    return std::endian::native == std::endian::big ? word : __builtin_bswap64(word);
  }
};

/// "10.77.0.1", or "fd77::1" (RFC 5952).
std::string to_string(const IpAddress& address);
/// What to_string() gives, and the other ways to write an address of IPv6, except as one of IPv4;
/// nullopt for anything else.
std::optional<IpAddress> parse_address(std::string_view text);

}  // namespace muster
