// Two segments and a router between them, which is the kernel's: members on ports of their own, and
// one on the kernel's sockets, meet through seeds.
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/members.h"
#include "tests/e2e/segment.h"

namespace muster::e2e {
namespace {

class TwoSegments : public testing::Test {
 protected:
  TwoSegments() {
    far_.home().inside([this] {
      ip(fmt::format("link add dev router type veth peer name eth1 netns {}", router_.path()));
    });
    far_.plug("router");
    router_.inside([] {
      ip("address add 10.78.0.254/24 dev eth1");
      ip("link set dev eth1 up");
      std::ofstream("/proc/sys/net/ipv4/ip_forward") << 1;
    });
  }

  void start(const std::string& name, const std::string& network, int host,
             const NetworkNamespace& machine, std::vector<std::string> way) {
    std::vector<std::string> options = {"--address",      fmt::format("{}.{}/24", network, host),
                                        "--unicast",      "--seed",
                                        "10.77.0.1:7777", "--seed",
                                        "10.78.0.1:7777"};
    options.insert(options.end(), way.begin(), way.end());
    machine.inside([&] { members_.start(name, options, own_interfaces); });
  }
  static std::vector<std::string> by_port(const std::string& network) {
    return {"--device", "net_af_packet0,iface=eth0", "--gateway", network + ".254"};
  }

  Segment near_;
  Segment far_;
  NetworkNamespace router_ = near_.machine("10.77.0.254/24");
  NetworkNamespace machines_[4] = {near_.machine(), near_.machine(), far_.machine(),
                                   far_.machine("10.78.0.2/24")};
  Members members_;
};

TEST_F(TwoSegments, AreOneClusterThroughTheirGateways) {
  start("near", "10.77.0", 1, machines_[0], by_port("10.77.0"));
  start("neighbour", "10.77.0", 2, machines_[1], by_port("10.77.0"));
  start("far", "10.78.0", 1, machines_[2], by_port("10.78.0"));
  machines_[3].inside([] { ip("route add default via 10.78.0.254"); });
  start("kernel", "10.78.0", 2, machines_[3], {"--transport", "socket"});
  ASSERT_TRUE(members_.wait([this] { return members_.all_see_all(); })) << members_.views();
  members_.talk(10);
  members_.kill("far");
  members_.leave("near");
}

}  // namespace
}  // namespace muster::e2e
