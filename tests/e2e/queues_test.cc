// Members with two I/O threads on a segment of the kernel's, which spreads what comes to them.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/members.h"
#include "tests/e2e/ping.h"
#include "tests/e2e/segment.h"

namespace muster::e2e {
namespace {

TEST(Queues, OfMembersOnAfPacketAreOneMembers) {
  Segment segment;
  Members members;
  std::vector<NetworkNamespace> machines;
  const auto start = [&](int host) {
    machines[static_cast<std::size_t>(host - 1)].inside([&] {
      members.start("m" + std::to_string(host),
                    {"--address", fmt::format("10.77.0.{}/24", host), "--device", "eth0", "--way",
                     "af_packet", "--io-threads", "2"},
                    own_interfaces);
    });
  };
  const auto all_meet = [&] { return members.wait([&] { return members.all_see_all(); }); };
  for (int host = 1; host <= 3; ++host) {
    machines.push_back(segment.machine());
    start(host);
  }
  const NetworkNamespace kernel = segment.machine("10.77.0.9/24");
  ASSERT_TRUE(all_meet()) << members.views();
  members.talk(100, 20'000);
  for (const auto& [name, member] : members.all())
    EXPECT_EQ(member->last("port").value("queues", 0), 2) << name;
  // By whichever queue its questions come.
  kernel.inside([] {
    for (int host = 1; host <= 3; ++host)
      EXPECT_TRUE(kernel_can_ping(fmt::format("10.77.0.{}", host)));
  });
  members.kill("m2");
  start(2);
  EXPECT_TRUE(all_meet()) << members.views();
  members.leave("m3");
  EXPECT_TRUE(all_meet()) << members.views();
}

}  // namespace
}  // namespace muster::e2e
