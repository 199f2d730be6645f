#include "cluster/messaging/sequence.h"

#include <gtest/gtest.h>

namespace muster {
namespace {

// docs/protocol.md §7.2.
TEST(Sequence, SkipsZeroOnTheWireAtTheWrap) {
  EXPECT_EQ(sequence_to_wire(0), 0U);
  EXPECT_EQ(sequence_to_wire(1), 1U);
  EXPECT_EQ(sequence_to_wire(0xffff'ffff), 0xffff'ffffU);
  EXPECT_EQ(sequence_to_wire(0x1'0000'0000), 1U);
  EXPECT_EQ(sequence_to_wire(2 * sequence_period), 0xffff'ffffU);
  EXPECT_EQ(sequence_to_wire(2 * sequence_period + 1), 1U);
}

TEST(Sequence, IsReadBackNearWhereItIsExpected) {
  for (const Sequence near : {Sequence{1}, Sequence{1000}, sequence_period - 3, sequence_period,
                              sequence_period + 1, 3 * sequence_period + 5}) {
    for (Sequence distance = -70; distance <= 70; ++distance) {
      const Sequence sequence = near + distance;
      if (sequence < 1) continue;
      EXPECT_EQ(sequence_from_wire(sequence_to_wire(sequence), near), sequence);
    }
  }
}

TEST(Sequence, IsReadBackUpToHalfAPeriodAway) {
  const Sequence near = 10 * sequence_period;
  const Sequence half = sequence_period / 2;
  EXPECT_EQ(sequence_from_wire(sequence_to_wire(near + half), near), near + half);
  EXPECT_EQ(sequence_from_wire(sequence_to_wire(near - half), near), near - half);
  EXPECT_EQ(sequence_from_wire(sequence_to_wire(near + half + 1), near), near - half);
}

TEST(Sequence, BeforeTheBeginningIsNegative) {
  EXPECT_LT(sequence_from_wire(0xffff'fffe, 1), 0);
  EXPECT_LT(sequence_from_wire(0x9000'0000, 1), 0);
}

}  // namespace
}  // namespace muster
