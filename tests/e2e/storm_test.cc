// Storms of what no member should send: a third station floods the segment, and the members go on.
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dpdk_transport/arp.h"
#include "dpdk_transport/discovery.h"
#include "tests/dpdk_transport/framed.h"
#include "tests/e2e/flood.h"
#include "tests/e2e/members.h"
#include "tests/e2e/segment.h"

namespace muster::e2e {
namespace {

using dpdk::MacAddress;
using dpdk::Station;

constexpr std::uint32_t network = 0x0a4d0000;  // of 65,536 addresses: more than a table holds
constexpr std::uint16_t port = 7777;
constexpr std::uint32_t strangers = 16'384;

/// Nobody: each has an address of the network and an Ethernet address of his own.
Station stranger(std::uint32_t number) {
  const std::uint32_t host = 0x1000 + number;
  return {.address = network + host,
          .mac = {2, 0xbb, 0, 0, static_cast<std::uint8_t>(host >> 8),
                  static_cast<std::uint8_t>(host)}};
}
IpAddress stranger6(std::uint32_t number) { return {0xfd77'0000'0000'0000, 0x1000 + number}; }

/// "Where is `address`?", to all.
RawFrame question(const Station& asker, std::uint32_t address) {
  RawFrame frame(dpdk::arp_frame_bytes);
  dpdk::write_arp_request(frame, asker, address);
  return frame;
}
/// "I am here", to all, and nobody has asked.
RawFrame unasked_answer(const Station& self) {
  RawFrame frame = question({.address = network + 0xfffe, .mac = dpdk::broadcast_mac}, network);
  dpdk::make_arp_reply(frame, self);
  return frame;
}
/// Garbage, to all who are at `to`.
RawFrame garbage(const Station& from, const MacAddress& mac, const IpAddress& to) {
  const RawFrame payload(200, std::byte{0x6d});
  return dpdk::testing::framed(dpdk::UdpFramer({from.address, 4444}, from.mac, {}), payload, mac,
                               {to, port});
}

struct Storm {
  const char* name;
  std::function<RawFrame(std::uint32_t number)> frame;
  /// What counts it: of the transport.
  std::vector<std::string> counted_as;
  bool v4 = true;
  /// What is said to others, or by strangers, pushes out nobody whom a member talks to.
  bool forgets_nobody = false;
};

const Storm storms[] = {
    {"QuestionsForOthers",
     [](std::uint32_t i) { return question(stranger(i), network + 0x8000 + i % 0x1000); },
     {"not_for_us"},
     true,
     true},
    // None to the member on sockets: its kernel would learn them all, and has room for 1,024.
    {"QuestionsAndAnswersOfManyAddresses",
     [](std::uint32_t i) {
       return i % 2 == 0 ? question(stranger(i), network + 1 + i / 2 % 2)
                         : unasked_answer(stranger(i));
     },
     {"neighbours_answered"}},
    {"GarbageToTheMembersPort",
     [](std::uint32_t i) {
       if (i % 2 == 0) return garbage(stranger(i), dpdk::broadcast_mac, network + 0xffff);
       const IpAddress group = 0xef4d0001;
       return garbage(stranger(i), dpdk::multicast_mac(group), group);
     },
     {"not_for_us", "received"},
     true,
     true},
    {"QueriesForGroups",
     [](std::uint32_t i) {
       return i % 2 == 0 ? dpdk::golden::group_query : dpdk::golden::group_query_3;
     },
     {"group_reports", "queries_spared"}},
    {"SolicitationsOverIpv6",
     [](std::uint32_t i) {
       RawFrame frame(dpdk::discovery_frame_bytes);
       const std::uint64_t asked = i % 2 == 0 ? 1 + i / 2 % 2 : 0x8000 + i;
       dpdk::write_solicitation(frame, {.address = stranger6(i), .mac = stranger(i).mac},
                                {0xfd77'0000'0000'0000, asked});
       return frame;
     },
     {"neighbours_answered"},
     false}};

class Storms : public testing::TestWithParam<Storm> {
 protected:
  static constexpr auto least = std::chrono::seconds(3);
  static constexpr std::uint64_t frames_max = 3'000'000;

  void SetUp() override {
    for (int host = 1; host <= 3; ++host) {
      const bool v4 = GetParam().v4;
      const bool over_sockets = host == 3;
      const std::string address =
          v4 ? fmt::format("10.77.0.{}/16", host) : fmt::format("fd77::{}/64", host);
      const std::string of_kernel = over_sockets ? address + (v4 ? "" : " nodad") : "";
      std::vector<std::string> options = {"--address", address};
      const std::vector<std::string> way =
          over_sockets ? std::vector<std::string>{"--transport", "socket"}
                       : std::vector<std::string>{"--device", "eth0", "--way", "af_packet"};
      options.insert(options.end(), way.begin(), way.end());
      machines_.push_back(segment_.machine(of_kernel));
      machines_.back().inside(
          [&] { members_.start(fmt::format("m{}", host), options, own_interfaces); });
    }
    ASSERT_TRUE(members_.wait([this] { return members_.all_see_all(); })) << members_.views();
  }
  nlohmann::json stats(const std::string& name) {
    return members_.answer(members_.at(name), "stats", "stats");
  }

  Segment segment_;
  std::vector<NetworkNamespace> machines_;
  NetworkNamespace station_ = segment_.machine();
  Members members_;
};

TEST_P(Storms, LeaveTheMembershipUndisturbed) {
  const Storm& storm = GetParam();
  std::vector<nlohmann::json> before;
  for (const char* name : {"m1", "m2"}) before.push_back(stats(name)["transport"]);
  std::vector<RawFrame> frames;
  for (std::uint32_t i = 0; i < strangers; ++i) frames.push_back(storm.frame(i));
  std::uint64_t sent = 0;
  const auto begin = std::chrono::steady_clock::now();
  {
    const Flood flood(station_, frames, frames_max);
    while (std::chrono::steady_clock::now() - begin < least) members_.talk(5, 3000);
    sent = flood.sent();
  }
  EXPECT_GT(sent, frames.size());
  EXPECT_TRUE(members_.all_see_all()) << members_.views();
  for (const auto& [name, member] : members_.all()) {
    const auto of = stats(name);
    EXPECT_EQ(of.value("suspicions", -1), 0) << name;
    EXPECT_EQ(of.value("removals", -1), 0) << name;
    if (name == "m3") continue;
    const nlohmann::json& was = before[name == "m1" ? 0 : 1];
    for (const std::string& cause : storm.counted_as)
      EXPECT_GT(of["transport"].value(cause, 0), was.value(cause, 0)) << name << ": " << cause;
    if (storm.forgets_nobody) {
      EXPECT_EQ(of["transport"].value("unresolved", 0), was.value("unresolved", 0)) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfAStation, Storms, testing::ValuesIn(storms),
                         [](const auto& storm) { return storm.param.name; });

}  // namespace
}  // namespace muster::e2e
