#include "dpdk_transport/checksum.h"

#include <array>

namespace muster::dpdk {

namespace {

template <std::size_t size>
struct Lanes {
  using Vector [[gnu::vector_size(size)]] = std::uint64_t;
};

/// Two vectors of so many bytes at a time. Halves of 32 bits in lanes of 64 never overflow, and
/// four sums do not wait for each other.
template <std::size_t vector_bytes>
[[gnu::always_inline]] inline ChecksumSum sum_by_vectors(std::span<const std::byte> bytes) {
  using Vector = typename Lanes<vector_bytes>::Vector;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  Vector a{}, b{}, c{}, d{};
  for (; left >= 2 * vector_bytes; left -= 2 * vector_bytes, at += 2 * vector_bytes) {
    Vector x, y;
    std::memcpy(&x, at, sizeof x);
    std::memcpy(&y, at + vector_bytes, sizeof y);
    a += x & 0xffffffff;
    b += x >> 32;
    c += y & 0xffffffff;
    d += y >> 32;
  }
  const Vector lanes = (a + b) + (c + d);
  std::array<std::uint64_t, vector_bytes / 8> parts;
  std::memcpy(parts.data(), &lanes, sizeof lanes);
  ChecksumSum sum = 0;
  for (const std::uint64_t part : parts) sum += part;
  for (; left >= 8; left -= 8, at += 8) sum += checksum_sum_of_bytes<8>(at);
  if ((left & 4) != 0) sum += checksum_sum_of_bytes<4>(at);
  at += left & 4;
  if ((left & 2) != 0) sum += checksum_sum_of_bytes<2>(at);
  at += left & 2;
  if ((left & 1) != 0) {
    const std::byte last[2] = {*at, std::byte{}};
    sum += std::bit_cast<std::uint16_t>(last);
  }
  return sum;
}

}  // namespace

ChecksumSum checksum_sum_narrow(std::span<const std::byte> bytes) {
  return sum_by_vectors<16>(bytes);
}

#ifdef __x86_64__

namespace {

[[gnu::target("avx2")]] ChecksumSum checksum_sum_wide(std::span<const std::byte> bytes) {
  return sum_by_vectors<32>(bytes);
}

const bool has_wide = __builtin_cpu_supports("avx2") != 0;

}  // namespace

ChecksumSum checksum_sum(std::span<const std::byte> bytes) {
  return has_wide ? checksum_sum_wide(bytes) : checksum_sum_narrow(bytes);
}

#else

ChecksumSum checksum_sum(std::span<const std::byte> bytes) { return checksum_sum_narrow(bytes); }

#endif

}  // namespace muster::dpdk
