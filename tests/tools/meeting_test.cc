// The doctor as a guest of a cluster.
#include "tools/doctor/meeting.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "node/node.h"

namespace muster::doctor {
namespace {

const Finding* find(const std::vector<Finding>& findings, std::string_view topic) {
  const auto found = std::ranges::find(findings, topic, &Finding::topic);
  return found == findings.end() ? nullptr : &*found;
}

Meeting meeting_of(std::vector<Met> members) {
  return {.cluster = "lab", .way = "vfio", .mtu = 9000, .members = std::move(members)};
}

TEST(Meeting, WithAllInGoodHealthIsFine) {
  const auto findings = diagnose_meeting(meeting_of(
      {{"ann", "10.77.0.1:7777", 9'000, true}, {"bob", "10.77.0.2:7777", 41'000, true}}));
  ASSERT_EQ(findings.size(), 2U);
  for (const Finding& finding : findings) EXPECT_EQ(finding.verdict, Verdict::fine);
  EXPECT_EQ(findings[0].found,
            "2 of 2 others answer over vfio, a call and its answer in 9 us to 41 us, inline");
  EXPECT_EQ(findings[1].found, "packets of 9000 bytes arrive at all");
}

TEST(Meeting, NamesWhomLongPacketsDoNotReachAndWhoIsSilent) {
  const auto findings = diagnose_meeting(meeting_of({{"ann", "10.77.0.1:7777", 9'000, true},
                                                     {"narrow", "10.77.0.2:7777", 9'000, false},
                                                     {"silent", "10.77.0.3:7777", {}, false}}));
  ASSERT_NE(find(findings, "mtu to narrow"), nullptr);
  EXPECT_EQ(find(findings, "mtu to narrow")->verdict, Verdict::cuts_off);
  EXPECT_EQ(find(findings, "mtu to narrow")->found,
            "short packets arrive at 10.77.0.2:7777, and those of 9000 bytes do not");
  ASSERT_NE(find(findings, "way to silent"), nullptr);
  EXPECT_EQ(find(findings, "mtu to silent"), nullptr);
  EXPECT_EQ(find(findings, "mtu between members"), nullptr);
  EXPECT_EQ(find(findings, "cluster")->found.substr(0, 22), "2 of 3 others answer o");
}

TEST(Meeting, WithNobodyHasARemedy) {
  const auto findings = diagnose_meeting(meeting_of({}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::cuts_off);
  EXPECT_NE(findings[0].remedy, "");
}

TEST(Meeting, SaysWhatKeepsItFromJoining) {
  Meeting meeting = meeting_of({});
  meeting.refused = "cannot bind 10.77.0.1:7777: stop who uses it";
  const auto findings = diagnose_meeting(meeting);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].found, "a member cannot join from here: cannot bind 10.77.0.1:7777");
  EXPECT_EQ(findings[0].remedy, "stop who uses it");
}

class Home : public testing::Test {
 protected:
  static NodeConfig config(const std::string& name, const std::string& address) {
    NodeConfig config;
    config.name = name;
    config.cluster = "meeting";
    config.transport = TransportKind::socket;
    config.address = address;
    config.port = 17'791;
    config.multicast = false;
    config.seeds = {"127.0.0.21:17791"};
    return config;
  }
  /// What its port meets while a member is at home.
  Meeting met(const NodeConfig& guest) {
    std::atomic<bool> done{false};
    Handler handler;
    Node host(config("host", "127.0.0.21/8"), handler);
    std::thread polls([&] {
      while (!done) host.idle(host.poll());
    });
    const Meeting meeting = meet(guest);
    done = true;
    polls.join();
    return meeting;
  }
};

TEST_F(Home, AnswersAndTakesFullPackets) {
  NodeConfig guest = config("guest", "127.0.0.22/8");
  guest.services = {{.path = "/not/by/the/doctor", .value = ""}};
  const Meeting meeting = met(guest);
  EXPECT_EQ(meeting.refused, "");
  ASSERT_EQ(meeting.members.size(), 1U);
  EXPECT_EQ(meeting.members[0].name, "host");
  EXPECT_TRUE(meeting.members[0].round_trip_ns);
  EXPECT_TRUE(meeting.members[0].long_packets);
}

TEST_F(Home, IsNotJoinedByWhoseAddressIsTaken) {
  const Meeting meeting = met(config("guest", "127.0.0.21/8"));
  EXPECT_NE(meeting.refused.find("127.0.0.21"), std::string::npos) << meeting.refused;
}

}  // namespace
}  // namespace muster::doctor
