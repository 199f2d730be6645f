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
  ChecksumSum sum = a + b + c + d;
  const auto take = [&]<class Word>(Word word) {
    if (left < sizeof word) return;
    std::memcpy(&word, at, sizeof word);
    sum += word;
    at += sizeof word;
    left -= sizeof word;
  };
  for (int i = 0; i < 3; ++i) take(std::uint32_t{});
  take(std::uint16_t{});
  if (left > 0) {
    const std::byte last[2] = {*at, std::byte{}};
    sum += std::bit_cast<std::uint16_t>(last);
  }
  return sum;
}

/// What a 16-bit field of this value (host byte order) adds to a sum.
constexpr ChecksumSum checksum_sum_of_field(std::uint16_t value) {
  if constexpr (std::endian::native == std::endian::big) return value;
  return static_cast<std::uint16_t>(value << 8 | value >> 8);
}

/// What belongs into a checksum field over what was summed, in host byte order. Over bytes that
/// include a right checksum it is zero.
inline std::uint16_t checksum_of(ChecksumSum sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  for (int i = 0; i < 3; ++i) sum = (sum & 0xffff) + (sum >> 16);
  const auto folded = static_cast<std::uint16_t>(~sum);
  return static_cast<std::uint16_t>(checksum_sum_of_field(folded));
}

template <class T>
ChecksumSum checksum_sum_of(const T& packed) {
  static_assert(alignof(T) == 1);
  return checksum_sum(std::as_bytes(std::span(&packed, 1)));
}

/// What the checksum of UDP covers besides UDP itself: addresses, protocol, length.
inline ChecksumSum udp_pseudo_sum(const Ipv4Header& ip, Be16 udp_bytes) {
  return checksum_sum_of(ip.source) + checksum_sum_of(ip.destination) +
         checksum_sum_of_field(ip_protocol_udp) + checksum_sum_of(udp_bytes);
}

}  // namespace muster::dpdk
