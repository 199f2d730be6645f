#include "cluster/membership/membership.h"

#include <gtest/gtest.h>

#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::Segment;

bool standing(const Segment::Host& host, Standing wanted) {
  return host.member->standing() == wanted;
}

/// Three members that know each other.
struct Three : testing::Test {
  Segment segment;
  Segment::Host& ann = segment.start("ann");
  Segment::Host& bob = segment.start("bob");
  Segment::Host& cid = segment.start("cid");

  void SetUp() override { segment.run_for(second); }
  void TearDown() override {
    for (const auto* host : {&ann, &bob, &cid}) EXPECT_EQ(host->held(), 0u) << "packets leaked";
  }
  /// Everything from `from` to `to` is lost.
  void cut(const Segment::Host& from, const Segment::Host& to) {
    segment.filter = [&from, &to](const Segment::Transit& transit) {
      return &transit.from != &from || &transit.to != &to;
    };
  }
};

// docs/protocol.md §4.7.
TEST_F(Three, RefuseAnotherAtTheAddressOfOneOfThem) {
  auto& dan = segment.start("dan", [&](MemberConfig& config) { config.self = ann.config.self; });
  segment.run_for(second);
  EXPECT_TRUE(standing(dan, Standing::refused));
  EXPECT_TRUE(standing(ann, Standing::member));
  EXPECT_GT(ann.member->membership().stats().address_conflicts, 0u);
  for (const auto* host : {&bob, &cid}) EXPECT_FALSE(host->events.has("joined dan"));
}

TEST(Joining, OfTwoAtOneAddressTheLaterOneGivesWay) {
  Segment segment;
  auto& ann = segment.start("ann");
  auto& bob = segment.start("bob", [&](MemberConfig& config) { config.self = ann.config.self; });
  segment.run_for(second);
  EXPECT_TRUE(standing(ann, Standing::member));
  EXPECT_TRUE(standing(bob, Standing::refused));
}

// docs/protocol.md §4.1, §4.2.
TEST(Joining, MakesAMemberAfterListening) {
  Segment segment;
  auto& ann = segment.start("ann");
  EXPECT_TRUE(standing(ann, Standing::joining));
  segment.run_for(ann.config.membership.join_listen_ns);
  EXPECT_TRUE(standing(ann, Standing::member));
  EXPECT_TRUE(ann.events.has("synchronized")) << "alone, there is nothing to wait for";
}

// docs/protocol.md §5.1, §5.2.
TEST_F(Three, KnowEachOther) {
  EXPECT_TRUE(ann.events.has("joined bob"));
  EXPECT_TRUE(ann.events.has("joined cid"));
  EXPECT_TRUE(cid.events.has("joined ann"));
  EXPECT_TRUE(ann.member->membership().views_agree());
}

// docs/protocol.md §5.3.
TEST_F(Three, SuspectASilentMemberAndThenRemoveIt) {
  segment.crash(bob);
  const TimeNs crashed = segment.now();
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("died bob"); }));
  const auto& timers = ann.config.membership;
  EXPECT_LE(segment.now() - crashed,
            timers.heartbeat_interval_ns + timers.suspect_after_ns + timers.dead_after_ns);
  EXPECT_TRUE(ann.events.has("suspected bob"));
  segment.run_for(100 * ms);
  EXPECT_TRUE(cid.events.has("died bob"));
}

TEST_F(Three, AreNotSuspectedWhileTheyLive) {
  segment.run_for(10 * second);
  EXPECT_EQ(ann.member->membership().stats().suspicions, 0u);
}

/// Sessions and applications hold all packets but those that membership keeps for itself.
void take_all_packets(Segment::Host& host) {
  host.port.set_packets_max(host.port.alive());
  ASSERT_EQ(host.port.allocate(), nullptr);
}

TEST_F(Three, AreNotSuspectedWhileOthersHoldTheirPackets) {
  take_all_packets(ann);
  segment.run_for(10 * second);
  EXPECT_FALSE(bob.events.has("suspected ann"));
  EXPECT_TRUE(standing(ann, Standing::member));
}

TEST_F(Three, AnswerProbesWhileOthersHoldTheirPackets) {
  take_all_packets(ann);
  segment.filter = [&](const Segment::Transit& transit) {
    return &transit.from != &ann || transit.type != wire::Type::heartbeat;
  };
  ASSERT_TRUE(segment.run_until([&] { return bob.events.has("suspected ann"); }));
  segment.run_for(5 * second);
  EXPECT_TRUE(bob.events.has("refuted ann"));
  EXPECT_FALSE(bob.events.has("died ann"));
}

TEST_F(Three, ProbeASuspectWhileOthersHoldTheirPackets) {
  take_all_packets(ann);
  segment.filter = [&](const Segment::Transit& transit) {
    return &transit.from != &bob || transit.type != wire::Type::heartbeat;
  };
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("suspected bob"); }));
  segment.run_for(5 * second);
  EXPECT_TRUE(ann.events.has("refuted bob"));
  EXPECT_FALSE(ann.events.has("died bob"));
}

// docs/protocol.md §5.4.
TEST_F(Three, RefuteASuspicionThroughAHelperWhenOnlyOneWayIsCut) {
  cut(bob, ann);
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("suspected bob"); }));
  segment.run_for(5 * second);
  EXPECT_TRUE(ann.events.has("refuted bob"));
  EXPECT_FALSE(ann.events.has("died bob"));
  EXPECT_FALSE(bob.events.has("died ann"));
}

// docs/protocol.md §5.5.
TEST_F(Three, RefuteASuspicionByBeingHeardAgain) {
  segment.filter = [&](const Segment::Transit& transit) { return &transit.from != &bob; };
  ASSERT_TRUE(segment.run_until([&] { return ann.events.has("suspected bob"); }));
  segment.filter = {};
  segment.run_for(second);
  EXPECT_TRUE(ann.events.has("refuted bob"));
  EXPECT_FALSE(ann.events.has("died bob"));
}

TEST_F(Three, AreToldOfALeaveAtOnce) {
  bob.member->leave(segment.now());
  segment.run_for(ms);
  EXPECT_TRUE(ann.events.has("left bob"));
  EXPECT_TRUE(cid.events.has("left bob"));
  EXPECT_TRUE(standing(bob, Standing::left));
}

// docs/protocol.md §5.6.
TEST_F(Three, LetALeaverGoWithinAHeartbeatEvenIfABurstOfLossHitsItsLeaves) {
  int lost = 0;
  segment.filter = [&](const Segment::Transit& transit) {
    return transit.type != wire::Type::leave || &transit.to != &ann || lost++ >= 3;
  };
  bob.member->leave(segment.now());
  segment.run_for(ann.config.membership.heartbeat_interval_ns);
  EXPECT_TRUE(ann.events.has("left bob"));
}

/// A process that ends waits for them.
TEST(Leave, IsSaidFourTimesWithinATenthOfASecondHoweverSlowTheHeartbeats) {
  Segment segment;
  auto& ann = segment.start("ann", [](MemberConfig& config) { config.membership = wan_timers(); });
  auto& bob = segment.start("bob");
  segment.run_for(5 * second);
  int leaves = 0;
  segment.filter = [&](const Segment::Transit& transit) {
    leaves += transit.type == wire::Type::leave ? 1 : 0;
    return &transit.to == &bob;
  };
  ann.member->leave(segment.now());
  segment.run_for(100 * ms);
  EXPECT_EQ(leaves, 4);
}

// docs/protocol.md §5.8.
TEST_F(Three, DoubtThemselvesAfterAPause) {
  segment.pause(ann);
  segment.run_for(330 * ms);  // longer than suspect_after, shorter than until it is removed itself
  segment.resume(ann);
  // What was in flight during the pause never came: all that ann knows is how late it is itself.
  segment.run_for(second);
  EXPECT_GE(ann.member->stats().stalls, 1u);
  EXPECT_FALSE(ann.events.has("suspected bob"));
  EXPECT_FALSE(ann.events.has("suspected cid"));
}

// docs/protocol.md §5.7.
TEST_F(Three, TakeBackAMemberThatWasRemovedWhileItLived) {
  const Incarnation before = ann.member->self().incarnation;
  segment.pause(ann);
  ASSERT_TRUE(segment.run_until([&] { return bob.events.has("died ann"); }));
  segment.resume(ann);
  segment.run_for(second);
  EXPECT_GT(ann.member->self().incarnation, before);
  EXPECT_TRUE(standing(ann, Standing::member));
  EXPECT_EQ(bob.events.count("joined ann"), 2u);
  EXPECT_TRUE(bob.member->membership().views_agree());
  EXPECT_EQ(ann.member->membership().stats().reincarnations, 1u);
}

// docs/protocol.md §3.2.
TEST_F(Three, SeeARestartAsALeaveBeforeAJoin) {
  segment.crash(bob);
  segment.start("bob");
  segment.run_for(second);
  const auto& heard = ann.events.heard;
  const auto replaced = std::ranges::find(heard, "replaced bob");
  ASSERT_NE(replaced, heard.end());
  EXPECT_EQ(*std::next(replaced), "joined bob");
}

// docs/protocol.md §4.4, §3.1.
TEST_F(Three, RefuseASecondMemberOfOneName) {
  auto& second_bob = segment.start("bob");
  segment.run_for(second);
  EXPECT_TRUE(standing(second_bob, Standing::refused));
  EXPECT_EQ(second_bob.member->membership().refusal().by, bob.config.self);
  EXPECT_TRUE(standing(bob, Standing::member));
  EXPECT_EQ(ann.events.count("joined bob"), 1u);
}

TEST(Joining, RefusesTheSecondOfTwoThatStartTogether) {
  Segment segment;
  auto& first = segment.start("bob");
  auto& later = segment.start("bob");
  segment.run_for(second);
  EXPECT_TRUE(standing(first, Standing::member));
  EXPECT_TRUE(standing(later, Standing::refused));
}

TEST_F(Three, ReplaceAPausedMemberWhoseSuccessorHasCome) {
  segment.pause(bob);
  auto& successor = segment.start("bob");
  segment.run_for(second);
  EXPECT_TRUE(standing(successor, Standing::member));
  segment.resume(bob);
  segment.run_for(second);
  EXPECT_TRUE(standing(bob, Standing::replaced));
  EXPECT_TRUE(standing(successor, Standing::member));
}

// docs/protocol.md §4.3.
TEST_F(Three, GiveAHigherIncarnationToAJoinerWhoseClockWentBack) {
  bob.member->leave(segment.now());
  segment.run_for(ms);
  auto& back = segment.start("bob", [](MemberConfig& config) { config.incarnation = 1; });
  segment.run_for(second);
  EXPECT_TRUE(standing(back, Standing::member));
  // Its predecessor might only have been cut off, and come back by at most 2^20.
  EXPECT_GT(back.member->self().incarnation, 2u + (1u << 20));
}

TEST(Joining, GivesEachLifeOfAMemberWhoseClockWentBackAnIncarnationOfItsOwn) {
  // Two lives are refused alike, because nobody who knows the first is left when the second comes.
  const auto comeback = [](std::uint64_t seed) {
    Segment others;
    auto& one = others.start("one");
    auto& gone = others.start("gone");
    others.run_for(second);
    gone.member->leave(others.now());
    others.run_for(ms);
    auto& back = others.start("gone", [&](MemberConfig& config) {
      config.incarnation = 1;
      config.seed = seed;
    });
    others.run_for(second);
    EXPECT_TRUE(standing(back, Standing::member));
    EXPECT_TRUE(standing(one, Standing::member));
    return back.member->self().incarnation;
  };
  EXPECT_NE(comeback(1), comeback(2));
}

TEST_F(Three, MergeAfterAPartition) {
  segment.filter = [&](const Segment::Transit& transit) {
    return (&transit.from == &ann) == (&transit.to == &ann);
  };
  ASSERT_TRUE(
      segment.run_until([&] { return ann.events.has("died bob") && bob.events.has("died ann"); }));
  segment.filter = {};
  segment.run_for(second);
  for (const auto* host : {&ann, &bob, &cid}) {
    EXPECT_EQ(host->member->membership().peers().size(), 2u) << host->config.name;
    EXPECT_TRUE(host->member->membership().views_agree()) << host->config.name;
  }
}

TEST_F(Three, NeverMixWithAnotherCluster) {
  auto& stranger =
      segment.start("dan", [](MemberConfig& config) { config.cluster = cluster_id("other"); });
  segment.run_for(second);
  EXPECT_TRUE(standing(stranger, Standing::member));
  EXPECT_TRUE(stranger.member->membership().peers().empty());
  EXPECT_FALSE(ann.events.has("joined dan"));
  EXPECT_GT(ann.member->stats().rejected[static_cast<int>(wire::Reject::foreign_cluster)], 0u);
}

TEST_F(Three, TellAMemberOfAnotherVersionPolitely) {
  test::MemoryPort port;
  Packet& packet = port.received(bob.config.self, {});
  packet.size = sizeof(wire::Header);
  *reinterpret_cast<wire::Header*>(packet.data) = {.magic = wire::magic,
                                                   .version = 9,
                                                   .oldest_version = 8,
                                                   .type = 1,
                                                   .flags = 0,
                                                   .cluster = ann.config.cluster,
                                                   .sender = 1,
                                                   .incarnation = 1,
                                                   .packet_number = 1,
                                                   .tag = {}};
  ann.member->on_packet(segment.now(), packet);
  port.release(packet);
  const auto said = ann.port.take_transmitted();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].to, bob.config.self);
  EXPECT_EQ(std::to_integer<int>(said[0].bytes[6]),
            static_cast<int>(wire::Type::unsupported_version));
  EXPECT_EQ(std::to_integer<int>(said[0].bytes[56]), 9);
}

// docs/protocol.md §4.3.
TEST(Joining, IsRefusedWhereTheClusterIsFull) {
  Segment segment;
  const auto small = [](MemberConfig& config) { config.membership.members_max = 3; };
  auto& ann = segment.start("ann", small);
  segment.start("bob", small);
  auto& cid = segment.start("cid", small);
  segment.run_for(second);
  auto& dan = segment.start("dan", small);
  segment.run_for(second);
  EXPECT_EQ(dan.member->standing(), Standing::refused);
  EXPECT_EQ(dan.member->membership().refusal().why, Refusal::Why::cluster_full);
  segment.crash(cid);
  segment.run_for(second);
  auto& eve = segment.start("eve", small);
  segment.run_for(second);
  EXPECT_EQ(eve.member->standing(), Standing::member);
  EXPECT_EQ(ann.member->membership().peers().size(), 2u);
}

TEST(Joining, TakesInNoMoreMembersThanItsLimit) {
  Segment segment;
  auto& ann = segment.start("ann", [](MemberConfig& config) { config.membership.members_max = 3; });
  for (const auto* name : {"bob", "cid", "dan", "eve"}) segment.start(name);
  segment.run_for(second);
  EXPECT_EQ(ann.member->membership().peers().size(), 2u);
  EXPECT_GT(ann.member->membership().stats().over_limit, 0u);
}

}  // namespace
}  // namespace muster
