#include "tests/node/world.h"

namespace muster::test {
namespace {

class NodeMembership : public World {
 protected:
  /// Hears why it is refused, however late it runs.
  NodeConfig patient(std::string_view name) {
    NodeConfig patient = config(name);
    patient.membership.join_listen_ns = 10 * second;
    return patient;
  }
  std::string why_refused(Server& server) {
    std::string why;
    EXPECT_TRUE(until([&] {
      try {
        server->join(0);
      } catch (const StartError& error) {
        why = error.what();
      }
      return !why.empty();
    }));
    return why;
  }
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeMembership, both_ways, mode_name);

TEST_P(NodeMembership, JoinsAloneAndIsSynchronized) {
  Server& a = start("a");
  EXPECT_TRUE(a->join(5 * second));
  EXPECT_EQ(a->standing(), Standing::member);
  EXPECT_EQ(a->self().id, id("a"));
  EXPECT_TRUE(settle());
  EXPECT_EQ(a.diary.entries.front(), "joining");
}

TEST_P(NodeMembership, KnowsTheOthersByNameAndAddress) {
  Server& a = start("a");
  Server& b = start("b");
  start("c");
  ASSERT_TRUE(settle());
  const auto members = a->members();
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].name, "b");
  EXPECT_EQ(members[0].key, b->self());
  EXPECT_EQ(members[0].endpoint, (Endpoint{0x0a4d0002, 7777}));
  EXPECT_EQ(members[1].name, "c");
  EXPECT_TRUE(a.diary.heard("joined b"));
  EXPECT_EQ(a->member(id("c"))->name, "c");
  EXPECT_EQ(a->member(id("d")), nullptr);
}

TEST_P(NodeMembership, TellsTheOthersThatItLeaves) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  b->leave();
  EXPECT_TRUE(until([&] { return a.diary.heard("removed b") && b.diary.heard("left"); }));
  EXPECT_EQ(b->send(id("a"), bytes("too late")), SendResult::closed);
  EXPECT_EQ(b->advertise("/too/late"), AdvertiseResult::closed);
  EXPECT_THROW(b->join(second), StartError);
}

TEST_P(NodeMembership, LeavesWhenItIsDestroyed) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  b.node.reset();
  EXPECT_TRUE(until([&] { return a.diary.heard("removed b"); }));
  EXPECT_FALSE(a.diary.heard("suspected b"));
}

/// A port that closes at once may take with it what was just sent.
TEST_P(NodeMembership, StaysUntilItHasSaidItsLeaveSeveralTimes) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  b.node.reset();
  const auto leaves = [&] {
    return a->stats().packets_received[static_cast<std::size_t>(wire::Type::leave)];
  };
  // Two are said at once: three are heard where the later ones are waited for.
  EXPECT_TRUE(until([&] { return leaves() >= 3; })) << leaves() << " leaves were heard";
}

TEST_P(NodeMembership, HearsOfADeath) {
  Server& a = start(mortal("a"));
  Server& b = start(mortal("b"));
  ASSERT_TRUE(settle());
  b.port->state = Link::down;
  EXPECT_TRUE(until([&] { return a.diary.heard("removed b"); }));
  EXPECT_TRUE(a.diary.heard("suspected b"));
  EXPECT_TRUE(a->members().empty());
}

/// Inline all of it is away; pipelined the thread that serves the port, and the engine goes on.
TEST_P(NodeMembership, WhosePortIsNotServedDoubtsItselfAndNobodyElse) {
  NodeConfig config = mortal("a");
  config.membership.suspect_after_ns = 800 * ms;
  Server& a = start(config);
  Server& b = start("b");  // waits far longer
  ASSERT_TRUE(settle());
  a.port->pause_ns = 2 * second;
  run_for(2500 * ms);
  EXPECT_FALSE(a.diary.heard("suspected b"));
  EXPECT_FALSE(a.diary.heard("removed b"));
  EXPECT_EQ(a->members().size(), 1U);
  EXPECT_FALSE(b.diary.heard("suspected a"));
}

/// The others keep what they are, and what it had of them comes back.
TEST_P(NodeMembership, BeginsAnewWhereItWasCutOff) {
  Server& a = start(mortal("a"));
  Server& b = start(mortal("b"));
  Server& c = start(mortal("c"));
  ASSERT_EQ(a->advertise("/x", bytes("1")), AdvertiseResult::done);
  ASSERT_TRUE(settle());
  ASSERT_TRUE(until([&] { return c.diary.heard("bound /x=1"); }));
  const MemberKey before[] = {a->self(), b->self(), c->self()};
  c.port->state = Link::down;
  ASSERT_TRUE(until([&] {
    return c->members().empty() && a->members().size() == 1 && b->members().size() == 1;
  }));
  EXPECT_TRUE(c.diary.heard("withdrawn /x"));
  c.port->state = Link::up;
  ASSERT_TRUE(until([&] { return c.diary.count("bound /x=1") == 2 && c->members().size() == 2; }));
  EXPECT_EQ(a->self(), before[0]);
  EXPECT_EQ(b->self(), before[1]);
  EXPECT_GT(c->self().incarnation, before[2].incarnation);
  ASSERT_TRUE(until([&] { return a->send(id("c"), bytes("hello")) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return c.diary.heard("message hello"); }));
}

TEST_P(NodeMembership, RefusesASecondMemberWithItsName) {
  start("a");
  ASSERT_TRUE(settle());
  Server& second_a = start(patient("a"));
  EXPECT_EQ(why_refused(second_a),
            "the name \"a\" is in use in cluster \"test\" by the member at 10.77.0.1:7777: give "
            "this member another name, or stop that one");
  EXPECT_EQ(second_a->standing(), Standing::refused);
}

TEST_P(NodeMembership, RefusesASecondMemberAtItsAddress) {
  Server& a = start("a");
  ASSERT_TRUE(settle());
  NodeConfig at_the_same = patient("b");
  at_the_same.address = "10.77.0.1/24";
  Server& b = start(at_the_same);
  EXPECT_EQ(why_refused(b),
            "the address 10.77.0.1:7777 is in use in cluster \"test\" by another member: give each "
            "member an address of its own");
  EXPECT_EQ(b->standing(), Standing::refused);
  EXPECT_EQ(a->standing(), Standing::member);
}

TEST_P(NodeMembership, RefusesOneMoreThanTheClusterTakes) {
  const auto small = [](NodeConfig config) {
    config.membership.members_max = 2;
    return config;
  };
  start(small(config("a")));
  start(small(config("b")));
  ASSERT_TRUE(settle());
  Server& c = start(small(patient("c")));
  const std::string why = why_refused(c);
  EXPECT_TRUE(why.ends_with(": raise limits.members of all members")) << why;
  EXPECT_EQ(c->standing(), Standing::refused);
}

TEST_P(NodeMembership, SaysThatItsPortIsLost) {
  Server& a = start("a");
  ASSERT_TRUE(settle());
  a.port->state = Link::down;
  const std::string why =
      "the port 10.77.0.1/24 has had no link for 500ms: check its cable, or the process at its "
      "other end";
  EXPECT_TRUE(until([&] { return a.diary.heard("port lost: " + why); }));
  run_for(50 * ms);
  EXPECT_EQ(a.diary.count("port lost: " + why), 1U);
}

TEST_P(NodeMembership, SaysWhyItsPortIsLost) {
  NodeConfig patient = config("a");
  patient.port_lost_after_ns = 20 * ms;
  Server& a = start(patient);
  ASSERT_TRUE(settle());
  a.port->state = Link::switched_off;
  EXPECT_TRUE(until([&] {
    return a.diary.heard(
        "port lost: the interface of the port 10.77.0.1/24 has been switched off for 20ms: `ip "
        "link set dev NAME up`");
  }));
}

/// It never comes back: nothing is waited for.
TEST_P(NodeMembership, SaysAtOnceThatItsPortIsGone) {
  NodeConfig patient = config("a");
  patient.port_lost_after_ns = 600 * second;
  Server& a = start(patient);
  ASSERT_TRUE(settle());
  a.port->state = Link::gone;
  EXPECT_TRUE(until([&] {
    return a.diary.heard(
        "port lost: the port 10.77.0.1/24 is gone, pulled out or taken away: start again once it "
        "is back");
  }));
}

TEST_P(NodeMembership, SaysHowANicThatWasTakenComesBack) {
  NodeConfig patient = config("a");
  patient.port_lost_after_ns = 600 * second;
  Server& a = start(patient);
  ASSERT_TRUE(settle());
  a.port->state = Link::given_back;
  EXPECT_TRUE(until([&] {
    return a.diary.heard(
        "port lost: the port 10.77.0.1/24 is gone, pulled out or taken away: bind it to its driver "
        "again and it is taken again");
  }));
}

TEST_P(NodeMembership, CannotJoinWithoutALink) {
  NodeConfig lost = config("a");
  lost.port_lost_after_ns = 20 * ms;
  lost.membership.join_listen_ns = 10 * second;
  Server& a = start(lost);
  a.port->state = Link::down;
  EXPECT_THROW(a->join(5 * second), StartError);
}

TEST_P(NodeMembership, CanJoinOnceTheLinkIsBack) {
  NodeConfig lost = config("a");
  lost.port_lost_after_ns = 20 * ms;
  lost.membership.join_listen_ns = 60 * second;
  Server& a = start(lost);
  a.port->state = Link::down;
  EXPECT_THROW(a->join(30 * second), StartError);
  EXPECT_THROW(a->join(ms), StartError);
  a.port->state = Link::up;
  const auto goes_on = [&] {
    try {
      return !a->join(ms);
    } catch (const StartError&) {
      return false;
    }
  };
  const TimeNs begin = monotonic_ns();
  while (!goes_on()) ASSERT_LT(monotonic_ns() - begin, 20 * second);
  EXPECT_EQ(a.diary.entries.size(), 2U);  // joining, and once that the port is lost
}

TEST_P(NodeMembership, JoinGivesUpAfterItsTimeout) {
  NodeConfig slow = config("a");
  slow.membership.join_listen_ns = 10 * second;
  Server& a = start(slow);
  EXPECT_FALSE(a->join(20 * ms));
  EXPECT_EQ(a->standing(), Standing::joining);
}

TEST_P(NodeMembership, CountsWhatItDoes) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  ASSERT_EQ(a->send(id("b"), bytes("one")), SendResult::sent);
  ASSERT_TRUE(until([&] { return b.diary.messages == 1; }));
  const auto heartbeats = static_cast<std::size_t>(wire::Type::heartbeat);
  EXPECT_TRUE(until([&] {
    const NodeStats stats = a->stats();
    return stats.packets_sent[heartbeats] > 0 && stats.packets_received[heartbeats] > 0 &&
           stats.messages_sent == 1;
  }));
  EXPECT_EQ(b->stats().messages_delivered, 1U);
}

TEST_P(NodeMembership, CountsThatItWasAway) {
  NodeConfig touchy = config("a");
  touchy.stall_threshold_ns = 10 * us;
  touchy.idle = Idle::backoff;  // sleeps for longer than that
  Server& a = start(touchy);
  ASSERT_TRUE(settle());
  StallStats stalls;
  EXPECT_TRUE(until([&] {  // read while they are counted
    stalls = a->stats().engine_stalls;
    return stalls.count > 0 && stalls.longest_ns >= stalls.last_ns;
  }));
  EXPECT_GT(stalls.last_ns, touchy.stall_threshold_ns);
}

// docs/protocol.md §7.4. Of whichever thread.
TEST_P(NodeMembership, KnowsForHowLongItWasAway) {
  Server& a = start("a");
  ASSERT_TRUE(settle());
  const DurationNs before = a->stats().away_ns;
  a.port->pause_ns = 20 * ms;
  EXPECT_TRUE(until([&] { return a->stats().away_ns >= before + 20 * ms; }));
}

TEST_P(NodeMembership, RefusesAConfigurationThatCannotWork) {
  NodeConfig wrong = config("a");
  wrong.group = "10.0.0.1";
  EXPECT_THROW(start(wrong), ConfigError);
}

TEST(NodePipelined, NamesACoreThatItMayNotUse) {
  NodeConfig config = loopback_config("a", Mode::pipelined);
  config.cores.engine = 1023;
  try {
    const Lone started(config);
    FAIL() << "it started";
  } catch (const StartError& error) {
    EXPECT_STREQ(error.what(),
                 "cores.engine is 1023, and this process may not run on that core: choose one of "
                 "/sys/devices/system/cpu/online that the process's cpuset has "
                 "(cpuset.cpus.effective)");
  }
}

/// As it begins on a machine with isolated cores: with all others.
TEST(NodePipelined, MayUseACoreThatItDoesNotBeginWith) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  int core = 0;
  while (!CPU_ISSET(core, &before)) ++core;
  cpu_set_t others = before;
  if (CPU_COUNT(&before) > 1) CPU_CLR(core, &others);  // of one there is nothing to tell
  ASSERT_EQ(sched_setaffinity(0, sizeof others, &others), 0);
  NodeConfig config = loopback_config("a", Mode::pipelined);
  config.cores.engine = static_cast<std::uint32_t>(core);
  EXPECT_NO_THROW(Lone{config});
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

}  // namespace
}  // namespace muster::test
