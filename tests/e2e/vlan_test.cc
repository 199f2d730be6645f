// A trunk: members on ports of their own that tag, one on the kernel's sockets in the same VLAN,
// and two of others, who stay alone.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/access_port.h"
#include "tests/e2e/members.h"
#include "tests/e2e/ping.h"
#include "tests/e2e/segment.h"

namespace muster::e2e {
namespace {

struct Network {
  const char* name;
  const char* prefix;
  const char* suffix;  ///< of a member's address
  const char* flags;   ///< of the kernel's
};

class Trunk : public testing::TestWithParam<Network> {
 protected:
  static std::string host_address(int host) { return fmt::format("{}{}", GetParam().prefix, host); }
  static std::string address(int host) { return host_address(host) + GetParam().suffix; }
  void start(Members& members, const std::string& name, int host, const NetworkNamespace& machine,
             const std::vector<std::string>& more) {
    std::vector<std::string> options = {"--address", address(host)};
    options.insert(options.end(), more.begin(), more.end());
    machine.inside([&] { members.start(name, options, own_interfaces); });
  }
  static std::vector<std::string> port(const char* vlan) {
    return {"--device", "eth0", "--way", "af_packet", "--vlan", vlan};
  }
  /// It drops what others say, and sees nobody.
  static void expect_alone(Members& members, const std::string& name) {
    const auto dropped = [&] {
      const auto stats = members.answer(members.at(name), "stats", "stats");
      return stats["transport"].value("other_vlan", 0);
    };
    EXPECT_TRUE(members.wait([&] { return dropped() > 2; })) << name;
    EXPECT_TRUE(members.all_see_all()) << members.views();
  }

  /// A machine of VLAN 7 that sees no tags of it, behind a port of the switch's.
  void plug_kernel_in() {
    segment_.home().inside([this] {
      ip("link add dev trunk type veth peer name port");
      ip(fmt::format("link add dev access type veth peer name eth0 netns {}", kernel_.path()));
      for (const char* interface : {"trunk", "access"})
        ip(fmt::format("link set dev {} addrgenmode none up", interface));
      access_port_.emplace("trunk", "access", std::uint16_t{7});
    });
    segment_.plug("port");
    kernel_.inside([] {
      ip(fmt::format("address add {} dev eth0 {}", address(3), GetParam().flags));
      ip("link set dev eth0 up");
    });
  }

  Segment segment_;
  NetworkNamespace machines_[4] = {segment_.machine(), segment_.machine(), segment_.machine(),
                                   segment_.machine()};
  NetworkNamespace kernel_;
  std::optional<AccessPort> access_port_;
  Members members_;
  Members of_vlan_8_;
  Members untagged_;
};

TEST_P(Trunk, KeepsItsVlansApart) {
  plug_kernel_in();
  start(members_, "ann", 1, machines_[0], port("7"));
  start(members_, "bob", 2, machines_[1], port("7"));
  start(members_, "kernel", 3, kernel_, {"--transport", "socket"});
  start(of_vlan_8_, "dan", 4, machines_[2], port("8"));
  start(untagged_, "eve", 5, machines_[3], {"--device", "eth0", "--way", "af_packet"});
  ASSERT_TRUE(members_.wait([this] { return members_.all_see_all(); })) << members_.views();
  members_.talk(10);
  kernel_.inside([] { EXPECT_TRUE(kernel_can_ping(host_address(1))); });
  expect_alone(of_vlan_8_, "dan");
  expect_alone(untagged_, "eve");
  EXPECT_TRUE(members_.all_see_all()) << members_.views();
}

INSTANTIATE_TEST_SUITE_P(Members, Trunk,
                         testing::Values(Network{"OverIpv4", "10.77.0.", "/24", ""},
                                         Network{"OverIpv6", "fd77::", "/64", "nodad"}),
                         [](const auto& network) { return network.param.name; });

}  // namespace
}  // namespace muster::e2e
