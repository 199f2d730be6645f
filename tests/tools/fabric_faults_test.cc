#include <cmath>

#include <gtest/gtest.h>

#include "tools/fabric/faults.h"

namespace muster::fabric {
namespace {

TEST(FaultyLink, WithoutFaultsPassesEachFrameOnceAndAtOnce) {
  FaultyLink link(1);
  for (TimeNs now = 0; now < 100; ++now) {
    const Arrivals arrivals = link.pass(now);
    ASSERT_EQ(arrivals.count, 1U);
    EXPECT_EQ(arrivals.when[0], now);
  }
}

TEST(FaultyLink, LosesAsOftenAsItIsTold) {
  FaultyLink link(1);
  link.faults().loss = 0.05;
  int lost = 0;
  for (int i = 0; i < 100'000; ++i) lost += link.pass(0).count == 0;
  EXPECT_NEAR(lost, 5'000, 5 * std::sqrt(5'000));
}

TEST(FaultyLink, LosesEverythingAtOneAndNothingAtZero) {
  FaultyLink link(1);
  link.faults().loss = 1;
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(link.pass(0).count, 0U);
  link.faults().loss = 0;
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(link.pass(0).count, 1U);
}

TEST(FaultyLink, DoublesAsOftenAsItIsTold) {
  FaultyLink link(1);
  link.faults().duplicate = 0.2;
  int doubled = 0;
  for (int i = 0; i < 100'000; ++i) doubled += link.pass(0).count == 2;
  EXPECT_NEAR(doubled, 20'000, 5 * std::sqrt(20'000));
}

TEST(FaultyLink, DelaysEveryFrame) {
  FaultyLink link(1);
  link.faults().delay_ns = 1 * ms;
  EXPECT_EQ(link.pass(7).when[0], 7 + 1 * ms);
}

TEST(FaultyLink, ReordersByHoldingSomeFramesBackWithinABound) {
  FaultyLink link(1);
  link.faults() = {.reorder = 0.5, .delay_ns = 100, .reorder_delay_ns = 50};
  int held = 0;
  for (int i = 0; i < 10'000; ++i) {
    const TimeNs when = link.pass(0).when[0];
    ASSERT_GE(when, 100U);
    ASSERT_LE(when, 150U);
    held += when > 100;
  }
  EXPECT_NEAR(held, 5'000, 5 * std::sqrt(5'000));
}

std::vector<std::size_t> fates(FaultyLink& link) {
  std::vector<std::size_t> counts;
  counts.reserve(1'000);
  for (int i = 0; i < 1'000; ++i) counts.push_back(link.pass(0).count);
  return counts;
}

TEST(Faults, FollowFromTheSeed) {
  Faults one(4, 42);
  Faults same(4, 42);
  Faults other(4, 43);
  for (Faults* faults : {&one, &same, &other})
    faults->links[2].out.faults() = {.loss = 0.3, .duplicate = 0.3};
  const auto decided = fates(one.links[2].out);
  EXPECT_EQ(decided, fates(same.links[2].out));
  EXPECT_NE(decided, fates(other.links[2].out));
}

TEST(Faults, OfOneLinkDoNotDependOnAnothersTraffic) {
  Faults quiet(4, 42);
  Faults busy(4, 42);
  for (Faults* faults : {&quiet, &busy})
    for (PortLink& link : faults->links) link.in.faults().loss = link.out.faults().loss = 0.3;
  fates(busy.links[1].out);
  fates(busy.links[2].in);
  EXPECT_EQ(fates(quiet.links[2].out), fates(busy.links[2].out));
}

TEST(Connectivity, IsFullAtFirst) {
  const Connectivity connectivity;
  EXPECT_EQ(connectivity.barrier(0, 1), std::nullopt);
}

TEST(Connectivity, SeparatesGroupsInBothDirections) {
  Connectivity connectivity;
  connectivity.partition(std::vector<PortSet>{0b0011, 0b1100});
  EXPECT_EQ(connectivity.barrier(0, 1), std::nullopt);
  EXPECT_EQ(connectivity.barrier(2, 3), std::nullopt);
  EXPECT_EQ(connectivity.barrier(0, 2), Drop::partition);
  EXPECT_EQ(connectivity.barrier(3, 1), Drop::partition);
}

TEST(Connectivity, KeepsUnnamedPortsTogether) {
  Connectivity connectivity;
  connectivity.partition(std::vector<PortSet>{0b0001});
  EXPECT_EQ(connectivity.barrier(1, 2), std::nullopt);
  EXPECT_EQ(connectivity.barrier(0, 1), Drop::partition);
  EXPECT_EQ(connectivity.barrier(2, 0), Drop::partition);
}

TEST(Connectivity, ReplacesAnEarlierPartition) {
  Connectivity connectivity;
  connectivity.partition(std::vector<PortSet>{0b01, 0b10});
  connectivity.partition(std::vector<PortSet>{0b11});
  EXPECT_EQ(connectivity.barrier(0, 1), std::nullopt);
}

TEST(Connectivity, CutsOneDirectionUntilHealed) {
  Connectivity connectivity;
  connectivity.cut(0, 1);
  EXPECT_EQ(connectivity.barrier(0, 1), Drop::cut);
  EXPECT_EQ(connectivity.barrier(1, 0), std::nullopt);
  connectivity.heal();
  EXPECT_EQ(connectivity.barrier(0, 1), std::nullopt);
}

constexpr PacketKind advertisement = static_cast<PacketKind>(wire::Type::advertisement);
constexpr PacketKind heartbeat = static_cast<PacketKind>(wire::Type::heartbeat);

TEST(DropRules, DropTheNextThatMatchAndNoMore) {
  DropRules rules;
  rules.add({.kind = advertisement, .from = 0, .to = 2, .count = 2});
  EXPECT_FALSE(rules.drops(heartbeat, 0, 2));
  EXPECT_FALSE(rules.drops(advertisement, 1, 2));
  EXPECT_FALSE(rules.drops(advertisement, 0, 1));
  EXPECT_TRUE(rules.drops(advertisement, 0, 2));
  EXPECT_TRUE(rules.drops(advertisement, 0, 2));
  EXPECT_FALSE(rules.drops(advertisement, 0, 2));
  EXPECT_TRUE(rules.pending().empty());
}

TEST(DropRules, WithoutAReceiverMatchOnlyOnTheWayIn) {
  DropRules rules;
  rules.add({.kind = advertisement, .from = {}, .to = {}, .count = 1});
  EXPECT_FALSE(rules.drops(advertisement, 0, 2));
  EXPECT_TRUE(rules.drops(advertisement, 0, std::nullopt));
}

TEST(DropRules, AreBounded) {
  DropRules rules;
  for (std::size_t i = 0; i < DropRules::rules_max; ++i) EXPECT_TRUE(rules.add({}));
  EXPECT_FALSE(rules.add({}));
}

}  // namespace
}  // namespace muster::fabric
