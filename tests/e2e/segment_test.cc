// One segment, members of every kind: on DPDK over af_packet, af_xdp and tap, and on the kernel's
// sockets. They are one cluster, by multicast and without.
#include "tests/e2e/segment.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include "tests/tools/shell.h"
#include "tools/lab/server.h"

namespace muster::e2e {
namespace {

using lab::Server;
using std::chrono::milliseconds;
using std::chrono::seconds;

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

/// What is run behind these words sees in /sys the interfaces of its own machine.
const std::vector<std::string> own_interfaces = {
    "/usr/bin/env", "unshare", "--mount",
    "sh",           "-c",      "mount -t sysfs none /sys && exec \"$0\" \"$@\""};

bool possible(const Kind& kind) { return kind.name != "xdp" || rights == Rights::programs; }

/// A member of each kind at one switch; the parameter says whether they multicast.
class OneSegment : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    for (const Kind& kind : kinds)
      if (possible(kind)) start(kind);
    ASSERT_TRUE(wait([this] { return plug_tap() && all_see_all(); })) << views();
  }

  void start(const Kind& kind) {
    const std::string name(kind.name);
    const std::string address = fmt::format("10.77.0.{}/24", &kind - kinds + 1);
    // Nobody is accused for being late.
    std::vector<std::string> command = own_interfaces;
    command.insert(command.end(), {std::getenv("MUSTER"), "node", "--json", "--preset", "wan"});
    const auto add = [&](std::initializer_list<std::string> words) {
      command.insert(command.end(), words);
    };
    add({"--cluster", "lab", "--name", name, "--address", address, "--serve", "/" + name});
    if (kind.device.empty())
      add({"--transport", "socket"});
    else
      add({"--device", std::string(kind.device), "--way", std::string(kind.way)});
    if (!GetParam()) add({"--unicast", "--seed", "10.77.0.1:7777", "--seed", "10.77.0.4:7777"});
    const auto run = [&] { members_[name] = std::make_unique<Server>(name, 0, command); };
    if (kind.name == "tap") return segment_.home().inside(run);
    const auto [machine, fresh] =
        machines_.try_emplace(name, segment_, kind.device.empty() ? address : "");
    machine->second.inside(run);
  }

  /// The driver makes the interface, and gives it the Ethernet address that is its own as well: a
  /// bridge would keep what is sent there to itself.
  bool plug_tap() {
    if (tap_plugged_ || at("tap").last("standing").is_null()) return tap_plugged_;
    segment_.home().inside([] { ip("link set dev tap0 address 02:00:00:00:00:01"); });
    segment_.plug("tap0");
    return tap_plugged_ = true;
  }

  Server& at(const std::string& name) { return *members_.at(name); }
  bool all_see(const std::set<std::string>& names) const {
    return std::ranges::all_of(members_, [&](const auto& member) {
      const auto& [name, server] = member;
      std::set<std::string> served;
      for (const auto& [path, owners] : server->tree()) served.insert(path.substr(1));
      return server->members() == names && served == names;
    });
  }
  bool all_see_all() const {
    std::set<std::string> names;
    for (const auto& [name, server] : members_) names.insert(name);
    return all_see(names);
  }
  std::string views() const {
    std::string views;
    for (const auto& [name, server] : members_)
      views += fmt::format("{} sees {}, and {} names\n", name, fmt::join(server->members(), ", "),
                           server->tree().size());
    return views;
  }

  /// Listens to all members until `done`.
  bool wait(const std::function<bool()>& done, milliseconds limit = seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::vector<pollfd> waiting;
      for (const auto& [name, server] : members_)
        waiting.push_back({server->process().output(), POLLIN, 0});
      poll(waiting.data(), waiting.size(), 2);
      for (const auto& [name, server] : members_) server->listen();
    }
    return true;
  }
  /// The event with which a member answers a command.
  nlohmann::json answer(Server& server, const std::string& command, const std::string& event) {
    server.forget(event);
    server.tell(command);
    EXPECT_TRUE(wait([&] { return !server.last(event).is_null(); }))
        << server.name() << ": " << command;
    return server.last(event);
  }
  /// Why the others have removed `name`; empty while not all of them have, or not for one reason.
  std::string removed(const std::string& name) {
    std::set<std::string> reasons;
    for (const auto& [other, server] : members_) {
      const nlohmann::json& event = server->last("removed");
      const bool it = !event.is_null() && event.value("member", "") == name;
      if (other != name) reasons.insert(it ? event.value("reason", "") : "");
    }
    return reasons.size() == 1 ? *reasons.begin() : "";
  }

  struct Machine : NetworkNamespace {
    Machine(Segment& segment, const std::string& address)
        : NetworkNamespace(segment.machine(address)) {}
  };

  Segment segment_;
  std::map<std::string, Machine> machines_;
  bool tap_plugged_ = false;
  std::map<std::string, std::unique_ptr<Server>> members_;
};

TEST_P(OneSegment, CarriesMessagesAndCallsBetweenAnyTwo) {
  const std::string text(1300, 'x');
  for (const auto& [name, from] : members_) {
    for (const auto& [to, server] : members_) {
      if (to == name) continue;
      EXPECT_EQ(answer(*from, fmt::format("ping {} 10", to), "pinged").value("count", 0), 10)
          << name << " and " << to;
      const auto response = answer(*from, fmt::format("call /{} {}", to, text), "response");
      EXPECT_EQ(response.value("outcome", ""), "ok") << name << " and " << to;
      EXPECT_EQ(response.value("text", ""), text);
    }
  }
  for (const auto& [name, server] : members_) {
    const auto transport = answer(*server, "stats", "stats")["transport"];
    for (const char* fault : {"bad_checksum", "malformed", "fragments", "arp_conflicts"})
      EXPECT_EQ(transport.value(fault, 0), 0) << name << ": " << fault;
  }
}

TEST_P(OneSegment, SaysWhichWayEachPortGoes) {
  for (const auto& [name, way] : {std::pair("packet", "af_packet"), std::pair("xdp", "af_xdp"),
                                  std::pair("tap", "as written"), std::pair("socket", "socket")})
    if (members_.contains(name)) {
      EXPECT_EQ(at(name).last("port").value("way", ""), way) << name;
      EXPECT_NE(at(name).last("port").value("why", ""), "") << name;
    }
}

/// What a member says in `machine` that cannot start.
std::string refusal(const NetworkNamespace& machine, const std::string& device) {
  std::string said;
  machine.inside([&] {
    said =
        shell(fmt::format("unshare --mount sh -c 'mount -t sysfs none /sys && timeout 20 {} node "
                          "--name ann --address 10.77.0.9/24 --device {}' 2>&1 </dev/null",
                          std::getenv("MUSTER"), device))
            .output;
  });
  return said;
}

TEST_P(OneSegment, GivesAPortToOneMemberOnly) {
  for (const char* name : {"packet", "xdp"})
    if (const auto machine = machines_.find(name); machine != machines_.end()) {
      for (const char* device : {"eth0", "net_af_packet5,iface=eth0"}) {
        const std::string said = refusal(machine->second, device);
        EXPECT_NE(said.find("eth0 is the port of another member"), std::string::npos) << said;
      }
    }
}

TEST(Interfaces, ThatAreSwitchedOffAreNamed) {
  Segment segment;
  const NetworkNamespace machine = segment.machine();
  machine.inside([] { ip("link set dev eth0 down"); });
  for (const char* device : {"eth0", "net_af_packet0,iface=eth0"}) {
    const std::string said = refusal(machine, device);
    EXPECT_NE(said.find("`ip link set dev eth0 up`"), std::string::npos) << said;
  }
}

TEST_P(OneSegment, NoticesADeathAndALeaveAndTakesARestartedOneIn) {
  for (const Kind& kind : kinds) {
    const std::string name(kind.name);
    // The interface of a tap goes with it; and one socket is like the other.
    if (!possible(kind) || name == "tap" || name == "other") continue;
    at(name).process().signal(SIGKILL);
    EXPECT_TRUE(wait([&] { return removed(name) == "died"; })) << name << '\n' << views();
    members_.erase(name);
    start(kind);
    EXPECT_TRUE(wait([this] { return all_see_all(); })) << name << '\n' << views();
  }
  at("socket").process().signal(SIGTERM);
  at("packet").process().signal(SIGTERM);
  for (const char* name : {"socket", "packet"})
    EXPECT_TRUE(wait([&] { return at(name).process().ended() == 0; })) << name;
  members_.erase("socket");
  members_.erase("packet");
  EXPECT_TRUE(wait([this] { return all_see_all(); })) << views();
  EXPECT_EQ(at("other").last("removed").value("reason", ""), "left");
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
