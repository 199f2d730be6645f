// Long packets on a segment of the kernel's: members over af_packet and on sockets, one with a
// smaller mtu, and ports that cannot.
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/members.h"
#include "tests/e2e/segment.h"
#include "tests/tools/shell.h"
#include "tools/lab/temporary_folder.h"

namespace muster::e2e {
namespace {

class LongFrames : public testing::Test {
 protected:
  void start(const std::string& name, int host, const NetworkNamespace& machine,
             const std::vector<std::string>& more) {
    std::vector<std::string> options = {"--address", fmt::format("10.77.0.{}/24", host)};
    options.insert(options.end(), more.begin(), more.end());
    machine.inside([&] { members_.start(name, options, own_interfaces); });
  }
  void start_jumbo(const std::string& name, int host, const NetworkNamespace& machine) {
    start(name, host, machine, {"--device", "eth0", "--way", "af_packet", "--mtu", "9000"});
  }
  bool all_meet() {
    return members_.wait([this] { return members_.all_see_all(); });
  }
  /// Two switches drop what is longer than the cable between them carries, and say nothing.
  void move_bob_behind_a_cable_of(unsigned mtu) {
    segment_.home().inside([mtu] {
      ip("link add dev far type bridge forward_delay 0 mcast_snooping 0");
      ip("link set dev far up");
      ip(fmt::format("link add dev cable mtu {} type veth peer name farcable", mtu));
      ip(fmt::format("link set dev farcable mtu {} master far up", mtu));
      ip("link set dev port1 master far");
    });
    segment_.plug("cable");
  }
  int count(const std::string& name, const char* counter) {
    return members_.answer(members_.at(name), "stats", "stats")["transport"].value(counter, 0);
  }

  Segment segment_{9000};
  NetworkNamespace machines_[3] = {segment_.machine(), segment_.machine(),
                                   segment_.machine("10.77.0.3/24")};
  Members members_;
};

TEST_F(LongFrames, AreOneForAllMembers) {
  start_jumbo("ann", 1, machines_[0]);
  start_jumbo("bob", 2, machines_[1]);
  start("kernel", 3, machines_[2], {"--transport", "socket", "--mtu", "9000"});
  ASSERT_TRUE(all_meet()) << members_.views();
  const int before = count("bob", "received");
  members_.talk(10, 8'000);
  members_.talk(1, 50'000);
  // Four calls and their answers, of 8,000 and of 50,000 bytes: as packets of 1,500 these are 300.
  EXPECT_LT(count("bob", "received") - before, 250);
  for (const char* name : {"ann", "bob"}) EXPECT_EQ(count(name, "too_long"), 0) << name;
  // What no longer fits its interface the kernel may not cut in pieces.
  machines_[2].inside([] { ip("link set dev eth0 mtu 1500"); });
  members_.at("kernel").tell("call /ann " + std::string(8'000, 'x'));
  EXPECT_TRUE(members_.wait([this] { return count("kernel", "oversize") > 0; }));
  EXPECT_EQ(count("ann", "fragments"), 0);
}

TEST_F(LongFrames, AreDroppedAndCountedByAMemberWithAShorterMtu) {
  start_jumbo("ann", 1, machines_[0]);
  start("small", 2, machines_[1], {"--device", "eth0", "--way", "af_packet"});
  start("kernel", 3, machines_[2], {"--transport", "socket"});
  ASSERT_TRUE(all_meet()) << members_.views();
  members_.talk(10, 500);
  for (const char* to : {"small", "kernel"})
    members_.at("ann").tell(fmt::format("call /{} {}", to, std::string(8'000, 'x')));
  EXPECT_TRUE(members_.wait(
      [this] { return count("small", "too_long") > 0 && count("kernel", "truncated") > 0; }));
  EXPECT_EQ(count("small", "malformed"), 0);
  const auto reached = members_.answer(members_.at("small"), "ping kernel 10", "pinged");
  EXPECT_EQ(reached.value("count", 0), 10);
  EXPECT_TRUE(members_.all_see_all()) << members_.views();
  for (const auto& [name, member] : members_.all())
    EXPECT_TRUE(member->last("removed").is_null()) << name;
}

TEST_F(LongFrames, ThatVanishOnTheWayAreSaid) {
  move_bob_behind_a_cable_of(1500);
  start_jumbo("ann", 1, machines_[0]);
  start_jumbo("bob", 2, machines_[1]);
  start("kernel", 3, machines_[2], {"--transport", "socket", "--mtu", "9000"});
  ASSERT_TRUE(all_meet()) << members_.views();
  members_.talk(3, 500);
  const auto told = [this](const char* name, const char* of) {
    const auto path = members_.at(name).last("path");
    return !path.is_null() && path.value("member", "") == of && path.value("bytes", 0) == 9000 &&
           !path.value("carries", true);
  };
  EXPECT_TRUE(members_.wait([&] {
    return told("ann", "bob") && told("kernel", "bob") &&
           members_.answer(members_.at("bob"), "stats", "stats").value("narrow_paths", 0) == 2;
  }));
  EXPECT_TRUE(members_.all_see_all()) << members_.views();
}

TEST_F(LongFrames, ThatVanishAreFoundByTheDoctorBeforeAMemberStarts) {
  move_bob_behind_a_cable_of(8'999);  // a byte less
  start_jumbo("bob", 2, machines_[1]);
  start("kernel", 3, machines_[2], {"--transport", "socket", "--mtu", "9000"});
  ASSERT_TRUE(all_meet()) << members_.views();
  const TemporaryFolder folder;
  const std::string config = folder / "ann.toml";
  std::ofstream(config) << "name = \"ann\"\ncluster = \"lab\"\naddress = \"10.77.0.1/24\"\n"
                           "device = \"eth0\"\nmtu = 9000\n[dpdk]\nway = \"af_packet\"\n";
  std::string said;
  machines_[0].inside([&] {
    said = shell(fmt::format("{} {} doctor --config {} --meet --seconds 0.1 2>&1",
                             own_interfaces_in_shell(), std::getenv("MUSTER"), config))
               .output;
  });
  EXPECT_NE(said.find("mtu to bob: cuts off\n    short packets arrive at 10.77.0.2:7777, and those "
                      "of 9000 bytes do not"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("cluster: 2 of 2 others answer over af_packet"), std::string::npos) << said;
  EXPECT_EQ(said.find("mtu to kernel"), std::string::npos) << said;
}

TEST(Ports, ThatCannotCarryTheMtuAreNamed) {
  Segment segment;
  const NetworkNamespace machine = segment.machine("10.77.0.9/24");
  for (const char* options : {"--mtu 2000 --device eth0", "--mtu 2000 --transport socket",
                              "--mtu 2000 --device net_af_packet0,iface=eth0"}) {
    const std::string said = refusal(machine, options);
    EXPECT_NE(said.find("eth0 carries 1500 bytes, and members send 2000: `ip link set dev eth0 mtu "
                        "2000`"),
              std::string::npos)
        << said;
  }
  // Where its driver counts the whole frame, a tag leaves less to the packet.
  for (const auto& [options, most] :
       {std::pair("--mtu 2000", "1504 bytes at most, and mtu is 2000"),
        std::pair("--mtu 1504 --vlan 7", "1500 bytes at most, and mtu is 1504")}) {
    const std::string said =
        refusal(machine, fmt::format("{} --device net_tap0,iface=tap0", options));
    EXPECT_NE(said.find(fmt::format("net_tap0 carries packets of {}", most)), std::string::npos)
        << said;
  }
}

}  // namespace
}  // namespace muster::e2e
