// Little-endian integers without alignment: the byte order is in the type.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace muster::wire {

template <class T>
class Little {
 public:
  Little() = default;
  Little(T value) { *this = value; }  // NOLINT(google-explicit-constructor): reads as an integer
  Little& operator=(T value) {
    if constexpr (std::endian::native == std::endian::big) value = byte_swapped(value);
    std::memcpy(bytes_, &value, sizeof(T));
    return *this;
  }
  operator T() const {  // NOLINT(google-explicit-constructor)
    T value;
    std::memcpy(&value, bytes_, sizeof(T));
    if constexpr (std::endian::native == std::endian::big) value = byte_swapped(value);
    return value;
  }

 private:
  static T byte_swapped(T value) {
    T out = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      out = static_cast<T>(out << 8 | (value >> (8 * i) & 0xff));
    return out;
  }
  unsigned char bytes_[sizeof(T)];
};

using Le16 = Little<std::uint16_t>;
using Le32 = Little<std::uint32_t>;
using Le64 = Little<std::uint64_t>;

static_assert(sizeof(Le16) == 2 && sizeof(Le32) == 4 && sizeof(Le64) == 8);
static_assert(alignof(Le16) == 1 && alignof(Le32) == 1 && alignof(Le64) == 1);

}  // namespace muster::wire
