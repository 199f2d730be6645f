#include <gtest/gtest.h>

#include "tests/tools/fabric_frames.h"
#include "tools/fabric/learning_table.h"

namespace muster::fabric::test {
namespace {

constexpr DurationNs age = 300;

TEST(LearningTable, FindsAStationWhereItWasHeard) {
  LearningTable table(16, age);
  EXPECT_EQ(table.find(station(1), 0), std::nullopt);
  table.learn(station(1), 3, 0);
  EXPECT_EQ(table.find(station(1), 0), PortIndex{3});
}

TEST(LearningTable, FollowsAStationThatMoves) {
  LearningTable table(16, age);
  table.learn(station(1), 3, 0);
  table.learn(station(1), 5, 1);
  EXPECT_EQ(table.find(station(1), 1), PortIndex{5});
}

TEST(LearningTable, ForgetsAStationThatIsSilent) {
  LearningTable table(16, age);
  table.learn(station(1), 3, 100);
  EXPECT_EQ(table.find(station(1), 100 + age - 1), PortIndex{3});
  EXPECT_EQ(table.find(station(1), 100 + age), std::nullopt);
}

TEST(LearningTable, NeverLearnsAGroup) {
  LearningTable table(16, age);
  table.learn(group_mac, 3, 0);
  EXPECT_EQ(table.find(group_mac, 0), std::nullopt);
}

TEST(LearningTable, ForgetsTheLongestSilentWhenItIsFull) {
  LearningTable table(4, age);  // one set
  for (unsigned i = 0; i < 4; ++i) table.learn(station(i), static_cast<PortIndex>(i), i);
  table.learn(station(0), 0, 10);
  table.learn(station(9), 9, 11);
  EXPECT_EQ(table.find(station(1), 11), std::nullopt);
  for (const unsigned kept : {0U, 2U, 3U, 9U})
    EXPECT_EQ(table.find(station(kept), 11), static_cast<PortIndex>(kept));
}

TEST(LearningTable, StaysBoundedWhateverArrives) {
  LearningTable table(64, 1'000'000);
  for (unsigned i = 0; i < 10'000; ++i) table.learn(station(i), 1, i);
  unsigned known = 0;
  for (unsigned i = 0; i < 10'000; ++i) known += table.find(station(i), 10'000).has_value();
  EXPECT_EQ(known, 64U);
}

}  // namespace
}  // namespace muster::fabric::test
