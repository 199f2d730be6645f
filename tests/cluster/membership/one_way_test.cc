// Loss in one direction: helpers vouch for whoever they hear, and where nobody can, the unheard
// side is removed at one end until the cut ends (docs/protocol.md §5.10).
#include <gtest/gtest.h>

#include "cluster/membership/guarantee.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::Segment;

/// With multicast, or without.
class OneWay : public testing::TestWithParam<bool> {
 protected:
  Segment::Host& start(const std::string& name) {
    return segment_.start(name, [](MemberConfig& config) {
      config.multicast = GetParam();
      if (!config.multicast) config.seeds = {{0x0a4d0001, 7777}};
    });
  }
  bool whole(std::initializer_list<const Segment::Host*> hosts) const {
    return std::ranges::all_of(hosts, [&](const Segment::Host* host) {
      const Membership& membership = host->member->membership();
      return membership.peers().size() == hosts.size() - 1 && membership.views_agree();
    });
  }

  Segment segment_;
};

TEST_P(OneWay, OfTwoRemovesTheUnheardAtOneEndUntilTheCutEnds) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  segment_.run_for(second);
  ASSERT_TRUE(whole({&ann, &bob}));
  const MemberKey before = bob.member->self();
  segment_.filter = [&](const Segment::Transit& transit) { return &transit.from != &bob; };
  const TimeNs cut = segment_.now();
  ASSERT_TRUE(segment_.run_until([&] { return ann.events.has("died bob"); }));
  EXPECT_LE(segment_.now() - cut, guarantee_of(ann.config.membership).detection_ns);

  segment_.run_for(5 * second);
  EXPECT_EQ(ann.member->membership().peers().size(), 0U);
  EXPECT_EQ(bob.member->membership().peers().size(), 1U) << "it hears ann";
  EXPECT_FALSE(bob.events.has("suspected ann"));
  EXPECT_EQ(bob.member->self(), before) << "nobody can tell it";
  EXPECT_EQ(ann.events.count("joined bob"), 1U);

  segment_.filter = {};
  const TimeNs ended = segment_.now();
  ASSERT_TRUE(segment_.run_until([&] { return whole({&ann, &bob}); }));
  EXPECT_LE(segment_.now() - ended, 3 * ann.config.membership.heartbeat_interval_ns);
  EXPECT_GT(bob.member->self().incarnation, before.incarnation) << "it has returned";
  EXPECT_EQ(ann.events.count("joined bob"), 2U);
  EXPECT_EQ(ann.events.count("died bob"), 1U);
}

TEST_P(OneWay, OfAMemberThatNobodyHearsIsNotKnownToIt) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  auto& cid = start("cid");
  segment_.run_for(second);
  segment_.filter = [&](const Segment::Transit& transit) { return &transit.from != &bob; };
  segment_.run_for(5 * second);
  EXPECT_TRUE(ann.events.has("died bob") && cid.events.has("died bob"));
  EXPECT_EQ(bob.member->membership().peers().size(), 2U);
  EXPECT_EQ(ann.member->membership().peers().size(), 1U) << "cid stays";
  segment_.filter = {};
  segment_.run_for(second);
  EXPECT_TRUE(whole({&ann, &bob, &cid}));
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutMulticast, OneWay, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "multicast" : "unicast"; });

}  // namespace
}  // namespace muster
