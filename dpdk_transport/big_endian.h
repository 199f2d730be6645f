// Network byte order without alignment: the order is in the type.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace muster::dpdk {

template <class T>
class Big {
 public:
  Big() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): reads and writes as an integer
  constexpr Big(T value) : bytes_(std::bit_cast<Bytes>(swapped(value))) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr operator T() const { return swapped(std::bit_cast<T>(bytes_)); }

 private:
  using Bytes = std::array<std::uint8_t, sizeof(T)>;

  static constexpr T swapped(T value) {
    if constexpr (std::endian::native == std::endian::big) return value;
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  }
  Bytes bytes_;
};

using Be16 = Big<std::uint16_t>;
using Be32 = Big<std::uint32_t>;
static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1 && sizeof(Be32) == 4 && alignof(Be32) == 1);

}  // namespace muster::dpdk
