// Network byte order without alignment: the order is in the type.
#pragma once

#include <cstddef>
#include <cstdint>

namespace muster::dpdk {

template <class T>
class Big {
 public:
  Big() = default;
  constexpr Big(T value) { *this = value; }  // NOLINT(google-explicit-constructor): reads as T
  constexpr Big& operator=(T value) {
    for (std::size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8))
      bytes_[i] = static_cast<std::uint8_t>(value);
    return *this;
  }
  constexpr operator T() const {  // NOLINT(google-explicit-constructor)
    T value = 0;
    for (const std::uint8_t byte : bytes_) value = static_cast<T>(value << 8 | byte);
    return value;
  }

 private:
  std::uint8_t bytes_[sizeof(T)];
};

using Be16 = Big<std::uint16_t>;
using Be32 = Big<std::uint32_t>;
static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1 && sizeof(Be32) == 4 && alignof(Be32) == 1);

}  // namespace muster::dpdk
