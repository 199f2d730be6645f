// One segment, members of every kind: on DPDK over af_packet, af_xdp and tap, and on the kernel's
// sockets. They are one cluster, by multicast and without.
#include "tests/e2e/segment.h"

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/members.h"
#include "tests/e2e/ping.h"

namespace muster::e2e {
namespace {

/// Of this process: main() finds out.
Rights rights = Rights::none;

struct Kind {
  std::string_view name;    ///< the member's
  std::string_view device;  ///< DPDK's; empty: kernel sockets
  std::string_view way = "auto";
};
constexpr Kind kinds[] = {{"packet", "eth0", "af_packet"},
                          {"xdp", "eth0"},
                          {"tap", "net_tap0,iface=tap0"},
                          {"socket", ""},
                          {"other", ""}};

bool possible(const Kind& kind) { return kind.name != "xdp" || rights == Rights::programs; }

/// A member of each kind at one switch; the parameter says whether they multicast.
class OneSegment : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    for (const Kind& kind : kinds)
      if (possible(kind)) start(kind);
    ASSERT_TRUE(members_.wait([this] { return plug_tap() && members_.all_see_all(); }))
        << members_.views();
  }
  bool all_meet() {
    return members_.wait([this] { return members_.all_see_all(); });
  }

  void start(const Kind& kind) {
    const std::string name(kind.name);
    const std::string address = fmt::format("10.77.0.{}/24", &kind - kinds + 1);
    std::vector<std::string> options = {"--address", address};
    const auto add = [&](std::initializer_list<std::string> words) {
      options.insert(options.end(), words);
    };
    if (kind.device.empty())
      add({"--transport", "socket"});
    else
      add({"--device", std::string(kind.device), "--way", std::string(kind.way)});
    if (!GetParam()) add({"--unicast", "--seed", "10.77.0.1:7777", "--seed", "10.77.0.4:7777"});
    const auto run = [&] { members_.start(name, options, own_interfaces); };
    if (kind.name == "tap") return segment_.home().inside(run);
    const auto [machine, fresh] =
        machines_.try_emplace(name, segment_, kind.device.empty() ? address : "");
    machine->second.inside(run);
  }

  /// The driver makes the interface, and gives it the Ethernet address that is its own as well: a
  /// bridge would keep what is sent there to itself.
  bool plug_tap() {
    if (tap_plugged_ || members_.at("tap").last("standing").is_null()) return tap_plugged_;
    segment_.home().inside([] { ip("link set dev tap0 address 02:00:00:00:00:01"); });
    segment_.plug("tap0");
    return tap_plugged_ = true;
  }

  struct Machine : NetworkNamespace {
    Machine(Segment& segment, const std::string& address)
        : NetworkNamespace(segment.machine(address)) {}
  };

  Segment segment_;
  std::map<std::string, Machine> machines_;
  bool tap_plugged_ = false;
  Members members_;
};

TEST_P(OneSegment, CarriesMessagesAndCallsBetweenAnyTwo) {
  members_.talk(10);
  for (const Kind& kind : kinds)
    if (members_.all().contains(std::string(kind.name)) && kind.name != "socket")
      machines_.at("socket").inside([&] {
        EXPECT_TRUE(kernel_can_ping(fmt::format("10.77.0.{}", &kind - kinds + 1))) << kind.name;
      });
}

TEST_P(OneSegment, SaysWhichWayEachPortGoes) {
  for (const auto& [name, way] : {std::pair("packet", "af_packet"), std::pair("xdp", "af_xdp"),
                                  std::pair("tap", "as written"), std::pair("socket", "socket")})
    if (members_.all().contains(name)) {
      EXPECT_EQ(members_.at(name).last("port").value("way", ""), way) << name;
      EXPECT_NE(members_.at(name).last("port").value("why", ""), "") << name;
    }
}

TEST_P(OneSegment, GivesAPortToOneMemberOnly) {
  for (const char* name : {"packet", "xdp"})
    if (const auto machine = machines_.find(name); machine != machines_.end()) {
      for (const char* device : {"eth0", "net_af_packet5,iface=eth0"}) {
        const std::string said = refusal(machine->second, fmt::format("--device {}", device));
        EXPECT_NE(said.find("eth0 is the port of another member"), std::string::npos) << said;
      }
    }
}

TEST(Interfaces, ThatAreSwitchedOffAreNamed) {
  Segment segment;
  const NetworkNamespace machine = segment.machine();
  machine.inside([] { ip("link set dev eth0 down"); });
  for (const char* device : {"eth0", "net_af_packet0,iface=eth0"}) {
    const std::string said = refusal(machine, fmt::format("--device {}", device));
    EXPECT_NE(said.find("`ip link set dev eth0 up`"), std::string::npos) << said;
  }
}

TEST_P(OneSegment, NoticesADeathAndALeaveAndTakesARestartedOneIn) {
  for (const Kind& kind : kinds) {
    const std::string name(kind.name);
    // The interface of a tap goes with it; and one socket is like the other.
    if (!possible(kind) || name == "tap" || name == "other") continue;
    members_.kill(name);
    start(kind);
    EXPECT_TRUE(all_meet()) << name << '\n' << members_.views();
  }
  members_.leave("socket");
  members_.leave("packet");
  EXPECT_TRUE(all_meet()) << members_.views();
}

INSTANTIATE_TEST_SUITE_P(Members, OneSegment, testing::Bool(), [](const auto& mode) {
  return mode.param ? "WhoMulticast" : "WithoutMulticast";
});

}  // namespace
}  // namespace muster::e2e

int main(int argc, char** argv) {
  using muster::e2e::Rights;
  constexpr int skipped = 77;  // Meson's word for it
  testing::InitGoogleTest(&argc, argv);
  muster::e2e::rights = muster::e2e::enter_own_network();
  if (muster::e2e::rights == Rights::none) {
    std::fputs("skipped: this user may make no network namespaces: run it as root\n", stderr);
    return skipped;
  }
  if (muster::e2e::rights == Rights::interfaces)
    std::fputs("no member on af_xdp: only root may load its program\n", stderr);
  return RUN_ALL_TESTS();
}
