#include "cluster/membership/health.h"

#include <gtest/gtest.h>

#include "cluster/membership/guarantee.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::Segment;

TEST(Health, SaturatesAndStretchesWhatItIsAsked) {
  Health health(second);
  EXPECT_EQ(health.stretch(10), 10u);
  for (int i = 0; i < 10; ++i) health.blame(0);
  EXPECT_EQ(health.score(), Health::score_max);
  EXPECT_EQ(health.stretch(10), 10u * (1 + Health::score_max));
}

TEST(Health, ComesBackStepByStepOnlyWithoutBlame) {
  Health health(second);
  health.blame(0);
  health.blame(500 * ms);
  EXPECT_FALSE(health.prove(1499 * ms)) << "less than a second after the last blame";
  EXPECT_TRUE(health.prove(1500 * ms));
  EXPECT_FALSE(health.prove(1501 * ms)) << "one step for each second";
  EXPECT_TRUE(health.prove(2500 * ms));
  EXPECT_EQ(health.score(), 0u);
}

/// Three members that know each other.
struct HealthOfThree : testing::Test {
  Segment segment;
  Segment::Host& ann = segment.start("ann");
  Segment::Host& bob = segment.start("bob");
  Segment::Host& cid = segment.start("cid");

  void SetUp() override { segment.run_for(second); }
  static std::uint32_t score(const Segment::Host& host) {
    return host.member->membership().health().score();
  }
};

TEST_F(HealthOfThree, FallsWithEachPauseAndRecovers) {
  for (int i = 0; i < 2; ++i) {
    segment.pause(ann);
    segment.run_for(250 * ms);
    segment.resume(ann);
    segment.run_for(10 * ms);
  }
  EXPECT_EQ(score(ann), 2u);
  EXPECT_EQ(score(bob), 0u) << "bob was never late";
  segment.run_for(second);
  EXPECT_EQ(score(ann), 0u);
}

// docs/protocol.md §5.8: with the score falls how long it waits, for the silent of now as well.
TEST_F(HealthOfThree, AccusesWhoeverIsDueAtOnceWhenItRecovers) {
  segment.pause(ann);
  segment.run_for(250 * ms);
  segment.resume(ann);
  segment.crash(cid);
  const TimeNs crashed = segment.now();
  segment.run_for(ms);
  ASSERT_EQ(score(ann), 1u);
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("suspected cid"); }));
  const MembershipConfig& timers = ann.config.membership;
  EXPECT_EQ(score(ann), 0u);
  EXPECT_LE(segment.now() - crashed, timers.suspect_after_ns + timers.heartbeat_interval_ns + ms);
}

TEST_F(HealthOfThree, SlowsTheAccusationsOfALateMemberAndOfNobodyElse) {
  const Guarantee guarantee = guarantee_of(ann.config.membership);
  for (int i = 0; i < 2; ++i) {
    segment.pause(ann);
    segment.run_for(220 * ms);
    segment.resume(ann);
    segment.run_for(ms);
  }
  const TimeNs crashed = segment.now();
  segment.crash(cid);
  ASSERT_TRUE(segment.run_until([&] { return bob.events.has("died cid"); }));
  EXPECT_LE(segment.now() - crashed, guarantee.detection_ns);
  EXPECT_FALSE(ann.events.has("suspected cid"));
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("died cid"); }));
  EXPECT_LE(segment.now() - crashed, guarantee.detection_unhealthy_ns);
}

TEST_F(HealthOfThree, FallsWhenASuspectIsHeardAfterAll) {
  segment.filter = [&](const Segment::Transit& transit) { return &transit.from != &bob; };
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("suspected bob"); }));
  segment.filter = {};
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("refuted bob"); }));
  EXPECT_EQ(score(ann), 1u);
}

// docs/protocol.md §5.10.
TEST_F(HealthOfThree, StaysWhenOnlyTheWayFromTheSuspectIsCut) {
  segment.filter = [&](const Segment::Transit& transit) {
    return &transit.from != &bob || &transit.to != &ann;
  };
  segment.run_for(5 * second);
  EXPECT_GT(ann.events.count("refuted bob"), 5u);
  EXPECT_EQ(score(ann), 0u) << "a helper reached bob: the way is bad, and ann is well";
}

TEST_F(HealthOfThree, FallsWhenNobodyIsHeard) {
  segment.filter = [&](const Segment::Transit& transit) { return &transit.to != &ann; };
  ASSERT_TRUE(segment.run_until(
      [&] { return ann.events.has("suspected bob") && ann.events.has("suspected cid"); }));
  EXPECT_EQ(score(ann), 1u);
  EXPECT_EQ(score(bob), 0u);
}

}  // namespace
}  // namespace muster
