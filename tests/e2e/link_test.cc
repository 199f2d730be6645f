// Links that go and come back, of members on interfaces of the kernel.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include "interfaces/interface_link.h"
#include "tests/e2e/members.h"
#include "tests/e2e/segment.h"
#include "tests/tools/shell.h"
#include "tools/lab/temporary_folder.h"

namespace muster::e2e {
namespace {

class Interface : public testing::Test {
 protected:
  /// Until it is so, or for a while: the kernel tells of some changes later.
  bool becomes(Link wanted) {
    for (int i = 0; i < 1000; ++i) {
      if (link_->now() == wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }
  void run(const std::string& arguments) {
    machine_.inside([&] { ip(arguments); });
  }

  Segment segment_;
  NetworkNamespace machine_ = segment_.machine();
  std::optional<InterfaceLink> link_;
  void SetUp() override {
    machine_.inside([this] { link_.emplace(if_nametoindex("eth0")); });
    ASSERT_TRUE(becomes(Link::up));
  }
};

TEST_F(Interface, TellsOfAnInterruptionThatIsOver) {
  run("link set dev eth0 down");
  run("link set dev eth0 up");
  EXPECT_EQ(link_->now(), Link::down);
  EXPECT_TRUE(becomes(Link::up));
  EXPECT_EQ(link_->now(), Link::up);
}

TEST_F(Interface, IsTheSameUnderAnotherName) {
  run("link set dev eth0 down");
  run("link set dev eth0 name lan0");
  EXPECT_EQ(link_->now(), Link::switched_off);
  run("link set dev lan0 up");
  EXPECT_TRUE(becomes(Link::up));
}

TEST_F(Interface, IsGoneForGood) {
  run("link delete dev eth0");
  EXPECT_EQ(link_->now(), Link::gone);
  run("link add dev eth0 type veth peer name eth1");
  run("link set dev eth0 up");
  EXPECT_EQ(link_->now(), Link::gone);
}

class Links : public testing::Test {
 protected:
  /// A member whose port may be without a link for as long as this test lasts.
  void start(const std::string& name, int host, const std::string& port) {
    const std::string address = fmt::format("10.77.0.{}/24", host);
    const bool by_kernel = port.find("socket") != std::string::npos;
    machines_.try_emplace(name, segment_.machine(by_kernel ? address : ""));
    const std::string config = folder_ / (name + ".toml");
    std::ofstream(config) << fmt::format(
        "name = \"{}\"\ncluster = \"lab\"\naddress = \"{}\"\n{}\n"
        "[timers]\nport_lost_after = \"60s\"\n",
        name, address, port);
    machines_.at(name).inside([&] { members_.start(name, {"--config", config}, own_interfaces); });
  }
  bool all_meet() {
    return members_.wait([this] { return members_.all_see_all(); });
  }

  TemporaryFolder folder_;
  Segment segment_;
  std::map<std::string, NetworkNamespace> machines_;
  Members members_;
};

TEST_F(Links, BringTheirMembersBack) {
  start("packet", 1, "device = \"net_af_packet0,iface=eth0\"");
  start("socket", 2, "transport = \"socket\"");
  start("other", 3, "transport = \"socket\"");
  ASSERT_TRUE(all_meet()) << members_.views();
  for (const std::string name : {"packet", "socket"}) {
    machines_.at(name).inside([] { ip("link set dev eth0 down"); });
    ASSERT_TRUE(members_.wait([&] { return !members_.at("other").members().contains(name); }))
        << name;
    machines_.at(name).inside([] { ip("link set dev eth0 up"); });
    EXPECT_TRUE(all_meet()) << name << '\n' << members_.views();
  }
  members_.talk(3);
}

/// What a member at `segment` says to the end, to which `change` happens once it is one; `change`
/// is a command in its machine.
std::string last_words(Segment& segment, const std::string& change, const std::string& port) {
  const TemporaryFolder folder;
  const NetworkNamespace machine = segment.machine("10.77.0.9/24");
  std::string said;
  machine.inside([&] {
    const std::string log = folder / "log";
    const std::string script = fmt::format(
        "touch {0}; PATH=$PATH:/usr/sbin:/sbin; "
        "{{ until grep -q standing.*:.member {0}; do sleep 0.02; done; {1}; }} & "
        "timeout 30 {2} node --json --name ann --address 10.77.0.9/24 {3} >{0} 2>&1 </dev/null; "
        "tail -n 1 {0}",
        log, change, std::getenv("MUSTER"), port);
    said = shell(own_interfaces_in_shell() + "sh -c '" + script + "' 2>&1").output;
  });
  return said;
}

TEST(LostLinks, AreSaidWithTheirCause) {
  Segment segment;
  for (const std::string port :
       {"--device net_af_packet0,iface=eth0", "--device eth0", "--transport socket"}) {
    const auto expect = [&](const std::string& change, const std::string& cause) {
      const std::string said = last_words(segment, change, port);
      EXPECT_NE(said.find(cause), std::string::npos) << port << ", " << change << ": " << said;
    };
    expect("ip link set dev eth0 down", "has been switched off");
    expect("ip link delete dev eth0", "is gone");
  }
}

}  // namespace
}  // namespace muster::e2e
