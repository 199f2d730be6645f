// Real processes over memif and the virtual switch: kills, pauses, restarts, loss, and a switch
// that goes away.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <signal.h>

#include "cluster/membership/guarantee.h"
#include "tools/lab/stage.h"

namespace muster::lab {
namespace {

using std::chrono::seconds;

std::string program() { return std::getenv("MUSTER"); }

std::size_t count(const Server& server, const std::string& event, const std::string& member) {
  return static_cast<std::size_t>(std::ranges::count_if(server.events(), [&](const auto& heard) {
    return heard["event"] == event && heard.value("member", "") == member;
  }));
}

/// Three servers that see each other, at a switch with the options given.
class Lab : public testing::Test {
 protected:
  void open(const std::vector<std::string>& switch_options = {},
            const std::vector<std::string>& node_options = {}) {
    stage = std::make_unique<Stage>(program(), 5, switch_options);
    for (const auto* name : {"ann", "bob", "cid"}) stage->start(name, node_options);
    ASSERT_TRUE(stage->wait([this] { return all_see({"ann", "bob", "cid"}); }, seconds(20)));
  }
  bool all_see(const std::set<std::string>& members) const {
    return std::ranges::all_of(stage->servers(),
                               [&](const auto& server) { return server->members() == members; });
  }
  bool trees_equal() const {
    return std::ranges::all_of(stage->servers(), [&](const auto& server) {
      return server->tree() == stage->servers().front()->tree();
    });
  }
  /// What a server's port has counted.
  int counted(Server& server, const char* counter) {
    server.forget("stats");
    server.tell("stats");
    const bool told = stage->wait([&] { return !server.last("stats").is_null(); }).has_value();
    return told ? server.last("stats")["transport"].value(counter, 0) : 0;
  }
  /// Waits for the end of a server that ends by itself, and gives its status.
  int end_of(Server& server) {
    stage->may_end(server.name());
    EXPECT_TRUE(stage->wait([&] { return server.process().ended().has_value(); }, seconds(20)));
    return server.process().ended().value_or(-1);
  }

  std::unique_ptr<Stage> stage;
};

TEST_F(Lab, NoticesAKilledServerAndTakesItBackAfterARestart) {
  open();
  stage->server("bob").tell("advertise /db/main here");
  ASSERT_TRUE(stage->wait([this] { return stage->server("ann").tree().contains("/db/main"); }));
  stage->server("bob").process().signal(SIGKILL);
  stage->remove("bob");
  ASSERT_TRUE(stage->wait([this] { return all_see({"ann", "cid"}); }));
  EXPECT_FALSE(stage->server("ann").tree().contains("/db/main"));

  stage->start("bob");
  ASSERT_TRUE(stage->wait([this] { return all_see({"ann", "bob", "cid"}); }));
  EXPECT_EQ(count(stage->server("ann"), "joined", "bob"), 2u);
  EXPECT_EQ(count(stage->server("ann"), "removed", "bob"), 1u);
}

TEST_F(Lab, ToleratesAShortPause) {
  const std::chrono::nanoseconds tolerated(guarantee_of(lan_timers()).pause_ns);
  std::chrono::nanoseconds paused = tolerated;
  // It is longer where this process is late.
  for (int i = 0; i < 5 && paused >= tolerated; ++i) {
    stage.reset();
    open();
    const auto begin = std::chrono::steady_clock::now();
    stage->server("bob").process().signal(SIGSTOP);
    stage->wait([] { return false; }, std::chrono::milliseconds(150));
    stage->server("bob").process().signal(SIGCONT);
    paused = std::chrono::steady_clock::now() - begin;
  }
  ASSERT_LT(paused, tolerated);
  Server& bob = stage->server("bob");
  stage->wait([] { return false; }, seconds(1));
  EXPECT_EQ(count(stage->server("ann"), "removed", "bob"), 0u);
  EXPECT_EQ(count(bob, "removed", "ann"), 0u) << "who was paused accuses nobody";
}

TEST_F(Lab, TakesBackAServerThatWasPausedForTooLong) {
  open();
  Server& bob = stage->server("bob");
  bob.tell("advertise /db/main here");
  ASSERT_TRUE(stage->wait([this] { return stage->server("ann").tree().contains("/db/main"); }));
  bob.process().signal(SIGSTOP);
  ASSERT_TRUE(stage->wait([this] {
    return !stage->server("ann").members().contains("bob") &&
           !stage->server("cid").members().contains("bob");
  }));
  bob.process().signal(SIGCONT);
  ASSERT_TRUE(stage->wait([this] { return all_see({"ann", "bob", "cid"}) && trees_equal(); }));
  EXPECT_TRUE(stage->server("ann").tree().contains("/db/main"));
  EXPECT_EQ(count(bob, "removed", "ann"), 0u);
}

TEST_F(Lab, AgreesUnderLossDuplicationAndReordering) {
  open({"--loss", "5%", "--duplicate", "2%", "--reorder", "5%", "--seed", "7"},
       {"--preset", "wan"});
  for (int i = 0; i < 50; ++i)
    for (const auto& server : stage->servers())
      server->tell("advertise /" + server->name() + "/" + std::to_string(i) + " " +
                   std::to_string(i));
  stage->server("ann").tell("ping cid 200");
  EXPECT_TRUE(
      stage->wait([this] { return !stage->server("ann").last("pinged").is_null(); }, seconds(30)))
      << "messages are repaired";
  EXPECT_TRUE(stage->wait(
      [this] { return trees_equal() && stage->server("ann").tree().size() == 150; }, seconds(20)))
      << "the directory is repaired";
}

TEST_F(Lab, RunsInlineAndPipelinedMembersTogether) {
  open({}, {"--mode", "inline", "--preset", "wan"});
  stage->start("dan", {"--mode", "pipelined", "--preset", "wan"});
  ASSERT_TRUE(stage->wait([this] { return all_see({"ann", "bob", "cid", "dan"}); }, seconds(20)));
  stage->server("dan").tell("ping ann 100");
  EXPECT_TRUE(stage->wait([this] { return !stage->server("dan").last("pinged").is_null(); }));
}

TEST_F(Lab, CarriesLongFramesPastAMemberWithAShorterMtu) {
  open({"--mtu", "9000"}, {"--mtu", "9000", "--preset", "wan"});
  Server& ann = stage->server("ann");
  stage->server("bob").tell("serve /bob");
  ASSERT_TRUE(stage->wait([&] { return ann.tree().contains("/bob"); }));
  ann.tell("call /bob " + std::string(8'000, 'x'));
  ASSERT_TRUE(stage->wait([&] { return !ann.last("response").is_null(); }));
  EXPECT_EQ(ann.last("response").value("text", "").size(), 8'000U);

  Server& small = stage->start("small", {"--preset", "wan", "--serve", "/small"});
  ASSERT_TRUE(stage->wait([this] { return all_see({"ann", "bob", "cid", "small"}); }, seconds(20)));
  ASSERT_TRUE(stage->wait([&] { return ann.tree().contains("/small"); }));
  ann.tell("call /small " + std::string(8'000, 'x'));
  EXPECT_TRUE(stage->wait([&] { return counted(small, "too_long") > 0; }));
  small.tell("ping bob 10");
  EXPECT_TRUE(stage->wait([&] { return !small.last("pinged").is_null(); }));
  for (const auto& server : stage->servers())
    EXPECT_TRUE(server->last("removed").is_null()) << server->name();
}

TEST_F(Lab, LetsMembersKeepTheirVlansApart) {
  stage = std::make_unique<Stage>(program(), 4);
  const std::map<std::string, std::vector<std::string>> vlans = {{"7", {"ann", "bob"}},
                                                                 {"8", {"cid", "dan"}}};
  for (const auto& [vlan, names] : vlans)
    for (const std::string& name : names) stage->start(name, {"--vlan", vlan});
  const auto all_see_their_own = [&] {
    return std::ranges::all_of(vlans, [&](const auto& vlan) {
      const std::set<std::string> own(vlan.second.begin(), vlan.second.end());
      return std::ranges::all_of(
          own, [&](const auto& name) { return stage->server(name).members() == own; });
    });
  };
  ASSERT_TRUE(stage->wait(all_see_their_own, seconds(20)));
  // The switch sends the group's frames to all.
  EXPECT_TRUE(stage->wait([&] { return counted(stage->server("ann"), "other_vlan") > 2; }));
  EXPECT_TRUE(all_see_their_own());
}

TEST_F(Lab, RefusesAMemberWhoseFramesTheSwitchDoesNotCarry) {
  open();
  Server& jumbo = stage->start("jumbo", {"--mtu", "9000"});
  EXPECT_EQ(end_of(jumbo), 1);
}

TEST_F(Lab, RefusesASecondServerOfTheSameName) {
  open();
  // The same name at a port of its own, as a second machine would have. It listens for long enough
  // to be told, however late the others are.
  Server& impostor = stage->start("dan", {"--preset", "wan"}, "bob");
  EXPECT_EQ(end_of(impostor), 1);
  EXPECT_EQ(count(stage->server("ann"), "removed", "bob"), 0u);
}

TEST_F(Lab, EndsEachServerWithAReasonWhenTheSwitchIsGone) {
  open();
  for (const auto& server : stage->servers()) stage->may_end(server->name());
  stage->fabric_may_end();
  stage->fabric().signal(SIGKILL);
  for (const auto& server : stage->servers()) EXPECT_EQ(end_of(*server), 1) << server->name();
}

TEST_F(Lab, LetsAServerLeaveOnSigterm) {
  open();
  stage->may_end("bob");
  stage->server("bob").process().signal(SIGTERM);
  EXPECT_EQ(end_of(stage->server("bob")), 0);
  Server& ann = stage->server("ann");
  ASSERT_TRUE(stage->wait([&] { return !ann.last("removed").is_null(); }));
  EXPECT_EQ(ann.last("removed").value("reason", ""), "left");
}

}  // namespace
}  // namespace muster::lab
