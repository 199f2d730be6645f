#include "cluster/messaging/large_buffers.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/memory_port.h"

namespace muster::test {
namespace {

constexpr std::size_t mebi = 1 << 20;

/// As a packet holds it.
HeldMemory held(const LargeBuffers::Buffer& buffer) {
  buffer.memory().hold();
  return HeldMemory(&buffer.memory());
}

TEST(LargeBuffers, CountWhatIsTakenAndNotWhatPacketsHold) {
  BoundedMemory source(8 * mebi);
  LargeBuffers buffers(2 * mebi, &source);
  auto first = buffers.take(mebi);
  const auto second = buffers.take(mebi);
  ASSERT_FALSE(first.empty() || second.empty());
  EXPECT_TRUE(buffers.take(1).empty());
  const HeldMemory packet = held(first);
  buffers.give(std::move(first));
  EXPECT_FALSE(buffers.take(mebi).empty());
}

TEST(LargeBuffers, GiveNothingTwiceThatAPacketStillReads) {
  BoundedMemory source(8 * mebi);
  LargeBuffers buffers(8 * mebi, &source);
  auto buffer = buffers.take(100'000);
  const std::byte* const at = buffer.bytes().data();
  HeldMemory packet = held(buffer);
  buffers.give(std::move(buffer));
  auto another = buffers.take(100'000);
  EXPECT_NE(another.bytes().data(), at);
  buffers.give(std::move(another));
  packet = {};
  EXPECT_EQ(buffers.take(100'000).bytes().data(), at);
}

TEST(LargeBuffers, AreOrdinaryWhereAllThatIsLendableIsHeld) {
  BoundedMemory source(mebi);
  LargeBuffers buffers(8 * mebi, &source);
  std::vector<HeldMemory> packets;
  for (;;) {
    auto buffer = buffers.take(100'000);
    if (!buffer.memory().is_lendable()) break;
    packets.push_back(held(buffer));
    buffers.give(std::move(buffer));
  }
  EXPECT_GT(packets.size(), 3U);
  packets.clear();
  EXPECT_TRUE(buffers.take(100'000).memory().is_lendable());
}

TEST(LargeBuffers, HaveLongerOnesInThePlaceOfShorterOnes) {
  BoundedMemory source(8 * mebi);
  LargeBuffers buffers(64 * mebi, &source);
  for (std::size_t bytes = 100'000; bytes <= 1'600'000; bytes += 100'000) {
    auto buffer = buffers.take(bytes);
    EXPECT_TRUE(buffer.memory().is_lendable()) << bytes;
    EXPECT_EQ(buffer.bytes().size(), bytes);
    buffers.give(std::move(buffer));
  }
}

/// What cannot be had costs nothing that is there.
TEST(LargeBuffers, KeepShortOnesWhereThereAreNoLongerOnes) {
  BoundedMemory source(300'000);
  LargeBuffers buffers(8 * mebi, &source);
  auto small = buffers.take(200'000);
  const std::byte* const at = small.bytes().data();
  buffers.give(std::move(small));
  EXPECT_FALSE(buffers.take(280'000).memory().is_lendable());
  EXPECT_EQ(buffers.take(200'000).bytes().data(), at);
}

TEST(LargeBuffers, OutliveWhoeverLentThem) {
  BoundedMemory source(mebi);
  HeldMemory packet;
  {
    LargeBuffers buffers(mebi, &source);
    auto buffer = buffers.take(100'000);
    packet = held(buffer);
  }
  EXPECT_GT(source.taken(), 0U);
  packet = {};
  EXPECT_EQ(source.taken(), 0U);
}

TEST(LargeBuffers, AreOrdinaryWithoutASource) {
  LargeBuffers buffers(mebi, nullptr);
  auto buffer = buffers.take(100'000);
  const std::byte* const at = buffer.bytes().data();
  EXPECT_FALSE(buffer.memory().is_lendable());
  buffers.give(std::move(buffer));
  EXPECT_EQ(buffers.take(50'000).bytes().data(), at);
}

}  // namespace
}  // namespace muster::test
