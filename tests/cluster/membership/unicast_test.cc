// Clusters that multicast does not reach, or does not reach in full: docs/protocol.md §4.5, §4.6.
#include <gtest/gtest.h>

#include "cluster/membership/guarantee.h"
#include "tests/cluster/support/deaf.h"

namespace muster {
namespace {

using test::Segment;

bool knows(const Segment::Host& host, const Segment::Host& other) {
  const Peer* peer = host.member->membership().find(other.member->self().id);
  return peer != nullptr && peer->key == other.member->self();
}

struct Unicast : test::Deaf {
  Segment::Host& start_hearing(const std::string& name) { return segment.start(name); }

  static void expect_whole(std::initializer_list<const Segment::Host*> hosts) {
    for (const auto* a : hosts) {
      EXPECT_EQ(a->member->standing(), Standing::member) << a->config.name;
      EXPECT_EQ(a->member->membership().peers().size(), hosts.size() - 1) << a->config.name;
      EXPECT_TRUE(a->member->membership().views_agree()) << a->config.name;
      for (const auto* b : hosts) EXPECT_TRUE(a == b || knows(*a, *b)) << a->config.name;
    }
  }
  void TearDown() override {
    EXPECT_TRUE(segment.transcript.empty()) << segment.transcript.front();
  }
};

TEST_F(Unicast, MembersMeetThroughASeed) {
  auto& ann = start_deaf("ann");
  auto& bob = start_deaf("bob", ann);
  auto& cid = start_deaf("cid", ann);
  segment.run_for(second);
  expect_whole({&ann, &bob, &cid});
}

TEST_F(Unicast, AJoinerKnowsEverybodyBeforeItIsAMember) {
  auto& ann = start_deaf("ann");
  auto& bob = start_deaf("bob", ann);
  auto& cid = start_deaf("cid", ann);
  segment.run_for(second);
  auto& dan = start_deaf("dan", ann);
  ASSERT_TRUE(segment.run_until([&] { return dan.member->standing() == Standing::member; }));
  EXPECT_TRUE(knows(dan, ann) && knows(dan, bob) && knows(dan, cid));
}

TEST_F(Unicast, TheSeedMayComeLast) {
  const Endpoint place{0x0a4d0003, 7777};  // of the third host
  auto& ann = start_deaf("ann", {place});
  auto& bob = start_deaf("bob", {place});
  segment.run_for(second);
  EXPECT_FALSE(knows(ann, bob));
  auto& seed = start_deaf("seed", {place});
  ASSERT_EQ(seed.config.self, place);
  segment.run_for(second);
  expect_whole({&ann, &bob, &seed});
}

TEST_F(Unicast, MembersOfAMixedClusterMeet) {
  auto& ann = start_hearing("ann");
  auto& bob = start_hearing("bob");
  auto& uma = start_deaf("uma", ann);
  auto& vic = start_deaf("vic", bob);
  segment.run_for(second);
  expect_whole({&ann, &bob, &uma, &vic});
  auto& cid = start_hearing("cid");  // which has no seed, and hears the group
  segment.run_for(second);
  expect_whole({&ann, &bob, &uma, &vic, &cid});
}

TEST_F(Unicast, EachMemberGetsOneCopyAndTheGroupItsOwn) {
  auto& ann = start_hearing("ann");
  start_hearing("bob");
  start_deaf("uma", ann);
  segment.run_for(second);
  std::map<std::string, int> heartbeats;
  segment.filter = [&](const Segment::Transit& transit) {
    if (transit.type == wire::Type::heartbeat)
      ++heartbeats[transit.from.config.name + ">" + transit.to.config.name];
    return true;
  };
  segment.run_for(second);
  EXPECT_EQ(heartbeats, (std::map<std::string, int>{{"ann>bob", 10},
                                                    {"ann>uma", 10},
                                                    {"bob>ann", 10},
                                                    {"bob>uma", 10},
                                                    {"uma>ann", 10},
                                                    {"uma>bob", 10}}));
}

TEST_F(Unicast, ACrashIsKnownToAllWithinD) {
  auto& ann = start_deaf("ann");
  auto& bob = start_deaf("bob", ann);
  auto& cid = start_deaf("cid", ann);
  segment.run_for(second);
  const TimeNs crashed = segment.now();
  segment.crash(ann);  // the seed
  ASSERT_TRUE(
      segment.run_until([&] { return bob.events.has("died ann") && cid.events.has("died ann"); }));
  EXPECT_LE(segment.now() - crashed, guarantee_of(bob.config.membership).detection_ns);
  segment.run_for(second);
  EXPECT_TRUE(knows(bob, cid));
}

TEST_F(Unicast, ADeadSeedThatComesBackIsFoundAgain) {
  auto& ann = start_deaf("ann");
  auto& bob = start_deaf("bob", ann);
  segment.run_for(second);
  segment.crash(bob);
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("died bob"); }));
  // At its old address, under another name, and without a seed: ann still tries the place.
  auto& back = segment.start("eve", [&](MemberConfig& config) {
    config.multicast = false;
    config.self = bob.config.self;
  });
  segment.run_for(second);
  expect_whole({&ann, &back});
}

TEST_F(Unicast, NobodyCallsAfterAMemberThatHasLeft) {
  auto& ann = start_deaf("ann");
  auto& bob = start_deaf("bob", {ann.config.self});
  segment.run_for(second);
  bob.member->leave(segment.now());
  segment.run_for(second);
  EXPECT_TRUE(ann.events.has("left bob"));
  std::size_t packets = 0;
  segment.filter = [&](const Segment::Transit&) { return ++packets > 0; };
  segment.run_for(second);
  EXPECT_EQ(packets, 0u);
}

TEST_F(Unicast, ASecondMemberOfOneNameIsRefusedByTheFirst) {
  auto& ann = start_deaf("ann");
  auto& bob = start_deaf("bob", ann);
  segment.run_for(second);
  auto& second_bob = start_deaf("bob", ann);  // which ann knows, and bob does not hear
  segment.run_for(second);
  EXPECT_EQ(second_bob.member->standing(), Standing::refused);
  EXPECT_EQ(second_bob.member->membership().refusal().by, bob.config.self);
  EXPECT_EQ(bob.member->standing(), Standing::member);
  EXPECT_EQ(ann.events.count("joined bob"), 1u);
}

TEST_F(Unicast, ASecondMemberOfOneNameIsRefusedInAMixedClusterToo) {
  auto& ann = start_hearing("ann");
  auto& uma = start_deaf("uma", ann);
  segment.run_for(second);
  auto& other = start_hearing("uma");
  segment.run_for(second);
  EXPECT_EQ(other.member->standing(), Standing::refused);
  EXPECT_EQ(uma.member->standing(), Standing::member);
}

TEST_F(Unicast, OfTwoThatStartTogetherWithOneNameOneStays) {
  auto& ann = start_deaf("ann");
  auto& first = start_deaf("bob", ann);
  auto& later = start_deaf("bob", ann);
  segment.run_for(3 * second);
  EXPECT_EQ(first.member->standing(), Standing::replaced);
  EXPECT_EQ(later.member->standing(), Standing::member);
  EXPECT_TRUE(knows(ann, later));
}

TEST_F(Unicast, AMemberThatWasRemovedWhileItLivedComesBack) {
  auto& ann = start_deaf("ann");
  auto& bob = start_deaf("bob", ann);
  auto& cid = start_deaf("cid", ann);
  segment.run_for(second);
  const Incarnation before = cid.member->self().incarnation;
  segment.pause(cid);
  ASSERT_TRUE(
      segment.run_until([&] { return ann.events.has("died cid") && bob.events.has("died cid"); }));
  segment.resume(cid);
  segment.run_for(second);
  EXPECT_GT(cid.member->self().incarnation, before);
  expect_whole({&ann, &bob, &cid});
}

TEST_F(Unicast, AnotherClusterOnTheSameAddressesIsNotMet) {
  auto& ann = start_deaf("ann");
  auto& eve = segment.start("eve", [&](MemberConfig& config) {
    config.cluster = cluster_id("other");
    config.multicast = false;
    config.seeds = {ann.config.self};
  });
  segment.run_for(second);
  EXPECT_EQ(eve.member->standing(), Standing::member);
  EXPECT_TRUE(eve.member->membership().peers().empty());
  EXPECT_TRUE(ann.member->membership().peers().empty());
}

TEST_F(Unicast, MembersSpeakToAllWhileOthersHoldTheirPackets) {
  auto& ann = start_deaf("ann");
  std::vector<Segment::Host*> others;
  others.reserve(20);
  for (int i = 0; i < 20; ++i) others.push_back(&start_deaf("m" + std::to_string(i), ann));
  segment.run_for(2 * second);
  ann.port.set_packets_max(ann.port.alive());
  ASSERT_EQ(ann.port.allocate(), nullptr);
  segment.run_for(5 * second);
  for (const auto* other : others) EXPECT_FALSE(other->events.has("suspected ann"));
}

TEST_F(Unicast, MoreMembersThanOnePageHoldsMeet) {
  auto& seed = start_deaf("seed");
  std::vector<Segment::Host*> hosts{&seed};
  for (int i = 0; i < 240; ++i) hosts.push_back(&start_deaf("m" + std::to_string(i), seed));
  EXPECT_TRUE(segment.run_until(
      [&] {
        return std::ranges::all_of(hosts, [&](const Segment::Host* host) {
          return host->member->membership().peers().size() == hosts.size() - 1;
        });
      },
      3 * second));
}

/// One that came back with another name, before its predecessor was found dead.
TEST_F(Unicast, IntroductionsNameAnAddressOnceThoughTwoMembersHaveIt) {
  const auto patient = [&](const std::string& name, std::vector<Endpoint> seeds, Endpoint self) {
    return &segment.start(name, [&](MemberConfig& config) {
      config.multicast = false;
      config.seeds = std::move(seeds);
      config.membership.suspect_after_ns = 3 * second;
      config.membership.join_listen_ns = second;
      if (self.port != 0) config.self = self;
    });
  };
  auto& ann = *patient("ann", {}, {});
  auto& bob = *patient("bob", {ann.config.self}, {});
  segment.run_for(2 * second);
  ASSERT_TRUE(knows(ann, bob));
  const MemberId before = bob.member->self().id;
  segment.crash(bob);
  auto& rob = *patient("rob", {ann.config.self}, bob.config.self);
  ASSERT_TRUE(segment.run_until([&] { return knows(ann, rob); }));
  ASSERT_NE(ann.member->membership().find(before), nullptr);
  auto& dan = *patient("dan", {ann.config.self}, {});
  segment.run_for(2 * second);
  EXPECT_TRUE(knows(dan, rob));
  for (const std::uint64_t rejected : dan.member->stats().rejected) EXPECT_EQ(rejected, 0U);
}

}  // namespace
}  // namespace muster
