#include "cluster/messaging/sequence_bits.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace muster {
namespace {

class SequenceBitsOf : public testing::TestWithParam<std::size_t> {};

TEST_P(SequenceBitsOf, SayWhatASetOfSequencesSays) {
  const auto window = static_cast<Sequence>(GetParam());
  SequenceBits bits(GetParam());
  std::set<Sequence> model;
  std::mt19937_64 random(GetParam());
  Sequence first = 1;
  for (int step = 0; step < 3000; ++step) {
    const Sequence at = first + static_cast<Sequence>(random() % GetParam());
    if (random() % 3 == 0) {
      bits.reset(at);
      model.erase(at);
    } else {
      bits.set(at);
      model.insert(at);
    }
    const Sequence end = at + static_cast<Sequence>(random() % GetParam());
    const auto next = model.lower_bound(at);
    const bool within = next != model.end() && *next < std::min(end, first + window);
    ASSERT_EQ(bits.find(at, std::min(end, first + window)),
              within ? *next : std::min(std::max(at, end), first + window));
    const std::uint64_t word = bits.from(at);
    for (Sequence i = 0; i < 64; ++i)
      ASSERT_EQ((word >> i & 1) != 0, model.contains(at + i)) << at << " + " << i;
    ASSERT_EQ(bits.test(at), model.contains(at));
    // The window moves on, and what it leaves behind is cleared.
    for (auto steps = random() % (GetParam() + 1) / 4; steps > 0; --steps, ++first) {
      bits.reset(first);
      model.erase(first);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Window, SequenceBitsOf,
                         testing::Values(1, 2, 63, 64, 65, 127, 128, 191, 1000, 1024));

TEST(SequenceBits, FindsNothingWhereNothingIsSet) {
  SequenceBits bits(1024);
  EXPECT_EQ(bits.find(5, 1029), 1029);
  EXPECT_EQ(bits.find(5, 5), 5);
  bits.set(1028);
  EXPECT_EQ(bits.find(5, 1029), 1028);
  EXPECT_EQ(bits.find(5, 1028), 1028);  // the end, not the bit there
  EXPECT_EQ(bits.find(5, 1000), 1000);
}

TEST(SequenceBits, ReadAWordAcrossTwo) {
  SequenceBits bits(128);
  bits.set(60);
  bits.set(64);
  bits.set(123);
  EXPECT_EQ(bits.from(60), std::uint64_t{1} << 63 | 0b1'0001);
  EXPECT_EQ(bits.from(64), std::uint64_t{1} << 59 | 1);
  EXPECT_EQ(bits.from(128), 0U);
}

}  // namespace
}  // namespace muster
