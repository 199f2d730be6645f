#include "dpdk_transport/checksum.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk {
namespace {

/// The definition of RFC 1071, one 16-bit word after the other.
std::uint16_t by_definition(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i]) << 8;
    if (i + 1 < bytes.size()) sum += static_cast<std::uint32_t>(bytes[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

std::vector<std::byte> random_bytes(std::size_t size, std::mt19937& dice) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(dice());
  return bytes;
}

TEST(Checksum, IsTheDefinitionAtEveryLengthAndAlignment) {
  constexpr std::size_t vector_bytes = 32;
  std::mt19937 dice(1);
  for (std::size_t size = 0; size < 1600; ++size) {
    const auto bytes = random_bytes(size + vector_bytes, dice);
    for (std::size_t at = 0; at < vector_bytes; at += 3) {
      const auto part = std::span(bytes).subspan(at, size);
      const std::uint16_t expected = by_definition(part);
      ASSERT_EQ(checksum_of(checksum_sum(part)), expected) << size << " bytes at " << at;
      ASSERT_EQ(checksum_of(checksum_sum_narrow(part)), expected) << size << " bytes at " << at;
    }
  }
}

TEST(Checksum, IsTheDefinitionWhereEveryCarryHappens) {
  const std::vector<std::byte> ones(1500, std::byte{0xff});
  EXPECT_EQ(checksum_of(checksum_sum(ones)), by_definition(ones));
  EXPECT_EQ(checksum_of(checksum_sum_narrow(ones)), by_definition(ones));
  const std::vector<std::byte> zeros(1500);
  EXPECT_EQ(checksum_of(checksum_sum(zeros)), 0xffff);
}

TEST(Checksum, OfPartsIsTheChecksumOfTheWhole) {
  std::mt19937 dice(2);
  const auto bytes = random_bytes(777, dice);
  const std::span<const std::byte> whole(bytes);
  for (std::size_t cut = 0; cut < bytes.size(); cut += 2)
    ASSERT_EQ(checksum_of(checksum_sum(whole.first(cut)) + checksum_sum(whole.subspan(cut))),
              checksum_of(checksum_sum(whole)));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
    ASSERT_EQ(checksum_of(checksum_sum(whole.first(cut), whole.subspan(cut))),
              checksum_of(checksum_sum(whole)))
        << cut;
}

TEST(Checksum, OfHeadersIsTheChecksumOfTheirBytes) {
  std::mt19937 dice(3);
  const auto bytes = random_bytes(sizeof(golden::Headers), dice);
  const std::span<const std::byte> all(bytes);
  EXPECT_EQ(checksum_of(checksum_sum_of(header_at<Ipv4Header>(all, 0))),
            by_definition(all.first(sizeof(Ipv4Header))));
  EXPECT_EQ(checksum_of(checksum_sum_of(header_at<golden::Headers>(all, 0))), by_definition(all));
}

TEST(Checksum, OfAFieldIsTheChecksumOfItsBytes) {
  for (const unsigned value : {0U, 1U, 0x1234U, 0xff00U, 0xffffU})
    EXPECT_EQ(checksum_sum_of_field(static_cast<std::uint16_t>(value)),
              checksum_sum_of(Be16(static_cast<std::uint16_t>(value))));
}

}  // namespace
}  // namespace muster::dpdk
