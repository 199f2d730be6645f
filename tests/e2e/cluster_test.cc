// Real processes over memif and the virtual switch: kills, pauses, restarts, loss, and a switch
// that goes away.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "cluster/membership/guarantee.h"
#include "tests/e2e/members.h"
#include "tests/e2e/trials.h"
#include "tools/lab/stage.h"

namespace muster::e2e {
namespace {

using lab::Server;
using lab::Stage;
using std::chrono::seconds;

std::string program() { return std::getenv("MUSTER"); }

/// Three members that see each other, at a switch with the options given.
class Lab : public testing::Test {
 protected:
  void open(const std::vector<std::string>& switch_options = {},
            const std::vector<std::string>& options = {}, const std::string& preset = "lan") {
    stage.emplace(program(), 5, switch_options);
    members.emplace(preset);
    for (const auto* name : {"ann", "bob", "cid"}) start(name, options);
    ASSERT_TRUE(all_meet());
  }
  Server& start(const std::string& name, const std::vector<std::string>& options = {}) {
    std::vector<std::string> all = stage->port_of(name);
    all.insert(all.end(), options.begin(), options.end());
    members->start(name, all);
    return members->at(name);
  }
  bool all_meet() {
    return members->wait([this] { return members->all_see_all(); });
  }
  /// What a member's port has counted.
  int counted(Server& member, const char* counter) {
    return members->answer(member, "stats", "stats")["transport"].value(counter, 0);
  }
  /// Waits for the end of a member that ends by itself, and gives its status.
  int end_of(Server& member) {
    const auto ended = [&] { return member.process().ended().has_value(); };
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    // The others' ends as well are no failure here.
    while (!ended() && std::chrono::steady_clock::now() < deadline) usleep(5000);
    return member.process().ended().value_or(-1);
  }

  std::optional<Stage> stage;
  std::optional<Members> members;
};

TEST_F(Lab, NoticesAKilledMemberAndTakesItBackAfterARestart) {
  open();
  kill_and_start_again(*members, {"bob"});
}

TEST_F(Lab, ToleratesAShortPause) {
  open();
  pause_briefly(*members, "bob", guarantee_of(lan_timers()).pause_ns, "ann", 0);
}

TEST_F(Lab, TakesBackAMemberThatWasPausedForTooLong) {
  open();
  pause_for_too_long(*members, "bob");
}

TEST_F(Lab, TellsOfEachValueOfANameOnceAndInOrder) {
  open();
  change_a_name(*members, "bob");
}

TEST_F(Lab, AgreesUnderLossDuplicationAndReordering) {
  open({"--loss", "5%", "--duplicate", "2%", "--reorder", "5%", "--seed", "7"}, {}, "wan");
  for (int i = 0; i < 50; ++i)
    for (const auto& [name, server] : members->all())
      server->tell(fmt::format("advertise /{}/{} {}", name, i, i));
  members->at("ann").tell("ping cid 200");
  EXPECT_TRUE(members->wait([this] { return !members->at("ann").last("pinged").is_null(); }))
      << "messages are repaired";
  EXPECT_TRUE(members->wait([this] {
    return members->all_see_all() && members->at("ann").tree().size() == 153;
  })) << "the directory is repaired";
}

TEST_F(Lab, RunsInlineAndPipelinedMembersTogether) {
  open({}, {"--mode", "inline"}, "wan");
  start("dan", {"--mode", "pipelined"});
  ASSERT_TRUE(all_meet());
  members->talk(100);
}

TEST_F(Lab, CarriesLongFramesPastAMemberWithAShorterMtu) {
  open({"--mtu", "9000"}, {"--mtu", "9000"}, "wan");
  members->talk(1, 8'000);
  Server& small = start("small");
  ASSERT_TRUE(all_meet()) << members->views();
  members->at("ann").tell("call /small " + std::string(8'000, 'x'));
  EXPECT_TRUE(members->wait([&] { return counted(small, "too_long") > 0; }));
  members->answer(small, "ping bob 10", "pinged");
  for (const auto& [name, server] : members->all())
    EXPECT_TRUE(server->last("removed").is_null()) << name;
}

TEST_F(Lab, LetsMembersKeepTheirVlansApart) {
  stage.emplace(program(), 4);
  members.emplace("lan");
  const std::map<std::string, std::vector<std::string>> vlans = {{"7", {"ann", "bob"}},
                                                                 {"8", {"cid", "dan"}}};
  for (const auto& [vlan, names] : vlans)
    for (const std::string& name : names) start(name, {"--vlan", vlan});
  const auto all_see_their_own = [&] {
    return std::ranges::all_of(vlans, [&](const auto& vlan) {
      const std::set<std::string> own(vlan.second.begin(), vlan.second.end());
      return std::ranges::all_of(
          own, [&](const auto& name) { return members->at(name).members() == own; });
    });
  };
  ASSERT_TRUE(members->wait(all_see_their_own));
  // The switch sends the group's frames to all.
  EXPECT_TRUE(members->wait([&] { return counted(members->at("ann"), "other_vlan") > 2; }));
  EXPECT_TRUE(all_see_their_own());
}

TEST_F(Lab, RefusesAMemberWhoseFramesTheSwitchDoesNotCarry) {
  open();
  EXPECT_EQ(end_of(start("jumbo", {"--mtu", "9000"})), 1);
}

TEST_F(Lab, RefusesASecondMemberOfTheSameName) {
  open();
  start_a_second_one(*members, "bob", stage->port_of("dan"));
}

TEST_F(Lab, EndsEachMemberWithAReasonWhenTheSwitchIsGone) {
  open();
  stage->fabric().signal(SIGKILL);
  for (const auto& [name, server] : members->all()) EXPECT_EQ(end_of(*server), 1) << name;
}

TEST_F(Lab, LetsAMemberLeaveOnSigterm) {
  open();
  members->leave("bob");
}

}  // namespace
}  // namespace muster::e2e
