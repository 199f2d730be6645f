// The Internet checksum (RFC 1071).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace muster::dpdk {

/// A sum that goes on: of 16-bit words as they lie in memory, carries not yet folded in. Sums of
/// parts may be added where each part but the last has an even length.
using ChecksumSum = std::uint64_t;

inline ChecksumSum checksum_sum(std::span<const std::byte> bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  // Halves of 32 bits in 64-bit accumulators never overflow, and four of them do not wait for
  // each other.
  ChecksumSum a = 0, b = 0, c = 0, d = 0;
  for (; left >= 16; left -= 16, at += 16) {
    std::uint64_t words[2];
    std::memcpy(words, at, sizeof words);
    a += words[0] & 0xffffffff;
    b += words[0] >> 32;
    c += words[1] & 0xffffffff;
    d += words[1] >> 32;
  }
  std::uint32_t tail[4] = {};
  std::memcpy(tail, at, left);
  return a + b + c + d + tail[0] + tail[1] + tail[2] + tail[3];
}

/// What belongs into a checksum field over what was summed, in host byte order. Over bytes that
/// include a right checksum it is zero.
inline std::uint16_t checksum_of(ChecksumSum sum) {
  for (int i = 0; i < 4; ++i) sum = (sum & 0xffff) + (sum >> 16);
  const auto folded = static_cast<std::uint16_t>(~sum);
  if constexpr (std::endian::native == std::endian::big) return folded;
  return static_cast<std::uint16_t>(folded << 8 | folded >> 8);
}

template <class T>
ChecksumSum checksum_sum_of(const T& packed) {
  static_assert(alignof(T) == 1);
  return checksum_sum(std::as_bytes(std::span(&packed, 1)));
}

}  // namespace muster::dpdk
