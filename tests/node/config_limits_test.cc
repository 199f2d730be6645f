// Limits that would not leave room for each other.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/node/config_text.h"

namespace muster::test {
namespace {

TEST(ConfigLimits, KeepRoomForACopyForEachMemberWithoutMulticast) {
  EXPECT_EQ(mistakes_below_the_required("multicast = false\n[limits]\nmembers = 2000\n"),
            "node.toml:7: limits.members: is 2000, more than a quarter of limits.pool_packets, and "
            "without multicast each member gets a copy: give less, or more packets");
  EXPECT_EQ(mistakes_below_the_required("[limits]\nmembers = 2000\n"), "none");
}

TEST(ConfigLimits, KeepRoomForTheEventsOfOneCall) {
  const auto too_few = [](std::uint64_t backlog, std::uint64_t events) {
    return fmt::format(
        "node.toml:6: limits.event_backlog: is {}, and limits.bindings_per_step, "
        "limits.answer_pages, limits.members, limits.topics, limits.subscriptions and "
        "limits.streams bring {} events at once: give at least twice as many, or less there",
        backlog, events);
  };
  EXPECT_EQ(mistakes_below_the_required("[limits]\nevent_backlog = 4096\n"),
            too_few(4096, 2048 + (3 + 64 + 64) * 1024 + 256));
  EXPECT_EQ(mistakes_below_the_required("[limits]\nevent_backlog = 4096\nmembers = 8\n"),
            too_few(4096, 2048 + (3 + 64 + 64) * 8 + 256));
  EXPECT_EQ(mistakes_below_the_required("[limits]\nevent_backlog = 6704\nmembers = 8\n"), "none");
  EXPECT_EQ(mistakes_below_the_required("[limits]\nevent_backlog = 4144\nmembers = 8\n"
                                        "topics = 0\nsubscriptions = 0\nstreams = 0\n"),
            "none");
}

TEST(ConfigLimits, KnowHowLongPacketsMayBe) {
  for (const char* mtu : {"1459", "9001"})
    EXPECT_EQ(mistakes_below_the_required(fmt::format("mtu = {}\n", mtu)),
              fmt::format("node.toml:5: mtu: is {}: give a number from 1460 to 9000", mtu));
  // A window of long pages brings more changes than of short ones.
  const char* limits = "[limits]\nevent_backlog = 6704\nmembers = 8\n";
  EXPECT_EQ(mistakes_below_the_required(fmt::format("mtu = 1500\n{}", limits)), "none");
  EXPECT_NE(mistakes_below_the_required(fmt::format("mtu = 9000\n{}", limits)), "none");
}

TEST(ConfigLimits, KnowWhichVlansThereAreAndWhoTags) {
  NodeConfig config = parse_config(
      "name = \"a\"\ncluster = \"c\"\naddress = \"10.77.0.1/24\"\ndevice = \"eth0\"\nvlan = 7\n",
      "node.toml");
  EXPECT_EQ(config.vlan, 7);
  for (const std::uint16_t vlan : {std::uint16_t{1}, std::uint16_t{4094}}) {
    config.vlan = vlan;
    EXPECT_TRUE(find_mistakes(config).empty()) << vlan;
  }
  for (const std::uint16_t vlan : {std::uint16_t{0}, std::uint16_t{4095}}) {
    config.vlan = vlan;
    EXPECT_EQ(mistake(config), fmt::format("vlan: is {}: give a number from 1 to 4094", vlan));
  }
  EXPECT_EQ(
      mistakes_below_the_required("vlan = 7\n"),
      "node.toml:5: vlan: is for ports of DPDK, and over sockets the kernel tags: leave it out, "
      "and give the address to an interface of the VLAN, as `ip link add link eth0 name eth0.7 "
      "type vlan id 7` makes one");
}

TEST(ConfigLimits, KeepRoomForTheBytesOfOneStepAndForPacketsThatAreReceived) {
  const auto limits = [](const std::string& lines) {
    return mistakes_below_the_required("[limits]\n" + lines);
  };
  EXPECT_NE(limits("event_backlog_bytes = 1048576\n"), "none");
  EXPECT_EQ(limits("event_backlog_bytes = 1048576\nbindings_per_step = 3\n"), "none");
  EXPECT_EQ(limits("kept_packets = 257\n"),
            "node.toml:6: limits.kept_packets: is 257, more than a sixteenth of "
            "limits.pool_packets: give less");
}

}  // namespace
}  // namespace muster::test
