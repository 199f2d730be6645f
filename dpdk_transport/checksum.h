// The Internet checksum (RFC 1071).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "dpdk_transport/headers.h"

namespace muster::dpdk {

/// A sum that goes on: of 16-bit words as they lie in memory, carries not yet folded in. Sums of
/// parts may be added where each part but the last has an even length.
using ChecksumSum = std::uint64_t;

/// With the widest vectors that the processor has.
ChecksumSum checksum_sum(std::span<const std::byte> bytes);
/// The same with those that every processor of its kind has.
ChecksumSum checksum_sum_narrow(std::span<const std::byte> bytes);

template <class Word>
Word word_at(const std::byte* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Of so many bytes, without a loop.
template <std::size_t size>
ChecksumSum checksum_sum_of_bytes(const std::byte* at) {
  if constexpr (size >= 8) {
    const auto word = word_at<std::uint64_t>(at);
    return (word & 0xffffffff) + (word >> 32) + checksum_sum_of_bytes<size - 8>(at + 8);
  } else if constexpr (size >= 4) {
    return word_at<std::uint32_t>(at) + checksum_sum_of_bytes<size - 4>(at + 4);
  } else if constexpr (size == 2) {
    return word_at<std::uint16_t>(at);
  } else {
    static_assert(size == 0, "an odd byte has a place of its own in checksum_sum()");
    return 0;
  }
}

template <class T>
ChecksumSum checksum_sum_of(const T& packed) {
  static_assert(alignof(T) == 1);
  return checksum_sum_of_bytes<sizeof(T)>(reinterpret_cast<const std::byte*>(&packed));
}

/// What a 16-bit field of this value (host byte order) adds to a sum.
constexpr ChecksumSum checksum_sum_of_field(std::uint16_t value) {
  if constexpr (std::endian::native == std::endian::big) return value;
  return static_cast<std::uint16_t>(value << 8 | value >> 8);
}

/// Carries folded in, as far as 16 bits.
constexpr std::uint16_t folded(ChecksumSum sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  for (int i = 0; i < 3; ++i) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

/// Of bytes that `rest` follows. Behind an odd number, each byte of it stands in its word's other
/// half.
inline ChecksumSum checksum_sum(std::span<const std::byte> bytes, std::span<const std::byte> rest) {
  ChecksumSum sum = checksum_sum(bytes);
  if (rest.empty()) return sum;
  const ChecksumSum more = checksum_sum(rest);
  if (bytes.size() % 2 == 0) return sum + more;
  const std::uint16_t word = folded(more);
  return sum + static_cast<std::uint16_t>(word << 8 | word >> 8);
}

/// What belongs into a checksum field over what was summed, in host byte order. Over bytes that
/// include a right checksum it is zero.
inline std::uint16_t checksum_of(ChecksumSum sum) {
  const auto inverse = static_cast<std::uint16_t>(~folded(sum));
  return static_cast<std::uint16_t>(checksum_sum_of_field(inverse));
}

}  // namespace muster::dpdk
