// Members on the kernel's sockets and on ports of their own, where there is nothing but IPv6.
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/members.h"
#include "tests/e2e/ping.h"
#include "tests/e2e/segment.h"

namespace muster::e2e {
namespace {

struct Way {
  const char* name;
  const char* network;
  const char* suffix;  ///< of a member's address
  bool multicast;
};
constexpr Way ways[] = {{"WhoMulticast", "fd77::", "/64", true},
                        {"WithoutMulticast", "fd77::", "/64", false},
                        {"OnLinkLocalAddresses", "fe80::", "%eth0", true},
                        {"OnLinkLocalAddressesWithoutMulticast", "fe80::", "%eth0", false}};

class OnlyIpv6 : public testing::TestWithParam<Way> {
 protected:
  static constexpr int hosts = 4;

  void start(int host) {
    const Way& way = GetParam();
    std::vector<std::string> options = {"--address",
                                        fmt::format("{}{}{}", way.network, host, way.suffix)};
    if (has_port(host))
      options.insert(options.end(), {"--device", "net_af_packet0,iface=eth0"});
    else
      options.insert(options.end(), {"--transport", "socket"});
    if (!way.multicast)
      options.insert(options.end(),
                     {"--unicast", "--seed", fmt::format("[{}1]:7777", way.network)});
    machines_[host - 1].inside(
        [&] { members_.start(fmt::format("m{}", host), options, own_interfaces); });
  }
  static std::string scope() {
    return std::string_view(GetParam().network) == "fe80::" ? "%eth0" : "";
  }
  bool all_meet() {
    return members_.wait([this] { return members_.all_see_all(); });
  }
  /// Of its own: the kernel has no address there.
  static bool has_port(int host) { return host >= 3; }
  NetworkNamespace machine(int host) {
    return segment_.machine(
        has_port(host) ? "" : fmt::format("{}{}/64 nodad", GetParam().network, host));
  }

  Segment segment_;
  NetworkNamespace machines_[hosts] = {machine(1), machine(2), machine(3), machine(4)};
  Members members_;
};

TEST_P(OnlyIpv6, MembersMeetTalkAndNoticeADeathAndALeave) {
  for (int host = 1; host <= hosts; ++host) start(host);
  ASSERT_TRUE(all_meet()) << members_.views();
  members_.talk(10);
  machines_[0].inside(
      [] { EXPECT_TRUE(kernel_can_ping(fmt::format("{}3{}", GetParam().network, scope()))); });
  for (const int host : {2, 3}) {
    members_.kill(fmt::format("m{}", host));
    start(host);
    EXPECT_TRUE(all_meet()) << host << '\n' << members_.views();
  }
  members_.leave("m4");
  EXPECT_TRUE(all_meet()) << members_.views();
}

INSTANTIATE_TEST_SUITE_P(Members, OnlyIpv6, testing::ValuesIn(ways),
                         [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace muster::e2e
