// Nodes over the kernel's sockets on the loopback interface: without multicast, and two clusters
// on one segment.
#include <optional>

#include <unistd.h>

#include "tests/node/world.h"

namespace muster::test {
namespace {

struct OverSockets : testing::TestWithParam<Mode> {
  /// A port that other runs of the tests do not use.
  static std::uint16_t port() { return static_cast<std::uint16_t>(41000 + getpid() % 10000); }

  struct Server {
    Diary diary;
    std::optional<Node> node;
  };

  NodeConfig config(std::string_view name, int host) {
    NodeConfig config;
    config.name = name;
    config.cluster = "test";
    config.transport = TransportKind::socket;
    config.address = fmt::format("127.0.0.{}/8", host);
    config.port = port();
    config.mode = GetParam();
    config.idle = Idle::backoff;
    config.membership.heartbeat_interval_ns = 50 * ms;
    config.membership.join_listen_ns = 200 * ms;
    config.membership.suspect_after_ns = 4 * second;
    config.limits.pool_packets = 1024;
    config.limits.kept_packets = 64;
    config.limits.event_queue = 256;
    config.membership.members_max = 64;
    return config;
  }
  NodeConfig unicast(std::string_view name, int host) {
    NodeConfig unicast = config(name, host);
    unicast.multicast = false;
    unicast.seeds = {fmt::format("127.0.0.1:{}", port())};
    return unicast;
  }
  Server& start(const NodeConfig& config) {
    Server& server = *servers.emplace_back(std::make_unique<Server>());
    server.node.emplace(config, server.diary);
    return server;
  }
  bool until(const std::function<bool()>& done, DurationNs limit_ns = 20 * second) {
    const TimeNs begin = monotonic_ns();
    while (!done()) {
      if (monotonic_ns() - begin > limit_ns) return false;
      std::size_t work = 0;
      for (const auto& server : servers) work += server->node->poll();
      servers.front()->node->idle(work);
    }
    return true;
  }
  static std::size_t others(Server& server) { return server.node->members().size(); }

  std::vector<std::unique_ptr<Server>> servers;
};
INSTANTIATE_TEST_SUITE_P(BothWays, OverSockets, both_ways, mode_name);

TEST_P(OverSockets, MembersMeetThroughASeedAndTalk) {
  Server& a = start(unicast("a", 1));
  Server& b = start(unicast("b", 2));
  Server& c = start(unicast("c", 3));
  ASSERT_TRUE(until([&] { return others(a) == 2 && others(b) == 2 && others(c) == 2; }));
  ASSERT_EQ(c.node->advertise("/shop", "v1"), AdvertiseResult::done);
  EXPECT_TRUE(
      until([&] { return a.diary.heard("bound /shop=v1") && b.diary.heard("bound /shop=v1"); }));
  ASSERT_TRUE(until([&] { return b.node->send(id("c"), bytes("hello")) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return c.diary.heard("message hello"); }));
  c.node->leave();
  EXPECT_TRUE(until([&] { return a.diary.heard("removed c") && b.diary.heard("removed c"); }));
  EXPECT_FALSE(a.diary.heard("suspected c"));
}

TEST_P(OverSockets, MembersWithAndWithoutMulticastMeet) {
  Server& a = start(config("a", 1));
  Server& b = start(config("b", 2));
  Server& c = start(unicast("c", 3));
  EXPECT_TRUE(until([&] { return others(a) == 2 && others(b) == 2 && others(c) == 2; }));
}

TEST_P(OverSockets, TheSecondOfOneNameIsRefused) {
  Server& a = start(unicast("a", 1));
  Server& b = start(unicast("b", 2));
  ASSERT_TRUE(until([&] { return others(a) == 1 && others(b) == 1; }));
  NodeConfig patient = unicast("b", 3);
  // Who does not hear of the first takes its place.
  patient.membership.join_listen_ns = 10 * second;
  Server& second_b = start(patient);
  ASSERT_TRUE(until([&] { return second_b.diary.heard("refused"); }));
  try {
    second_b.node->join(second);
    ADD_FAILURE() << "has joined";
  } catch (const StartError& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.2"), std::string::npos) << error.what();
  }
  EXPECT_EQ(b.node->standing(), Standing::member);
}

TEST_P(OverSockets, TwoClustersOnOneSegmentNeverMix) {
  std::vector<Server*> all;
  for (int host = 1; host <= 4; ++host) {
    NodeConfig one = config(fmt::format("m{}", host), host);
    one.cluster = host % 2 == 0 ? "even" : "odd";
    one.seeds = {fmt::format("127.0.0.1:{}", port())};  // of the odd: a mistake of the even
    all.push_back(&start(one));
  }
  ASSERT_TRUE(until([&] {
    return std::ranges::all_of(all, [](Server* server) { return others(*server) == 1; });
  }));
  until([] { return false; }, second);
  for (Server* server : all) {
    EXPECT_EQ(others(*server), 1U);
    EXPECT_EQ(server->diary.count("joined m1") + server->diary.count("joined m2") +
                  server->diary.count("joined m3") + server->diary.count("joined m4"),
              1U);
  }
}

}  // namespace
}  // namespace muster::test
