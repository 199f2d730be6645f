// One segment, a member on each of the ports that MUSTER_NICS lists: PCI addresses, of NICs that
// DPDK's own drivers drive. tests/vm/boot makes a machine that has them, the last in a slot that
// MUSTER_SLOT, a command, empties and fills again.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/e2e/members.h"
#include "tests/tools/shell.h"
#include "tools/lab/temporary_folder.h"

namespace muster::e2e {
namespace {

using lab::Server;

std::vector<std::string> devices() {
  const char* listed = std::getenv("MUSTER_NICS");
  std::istringstream words(listed == nullptr ? "" : listed);
  std::vector<std::string> devices;
  for (std::string word; words >> word;) devices.push_back(word);
  return devices;
}

/// The parameter says whether they multicast.
class OnNics : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { ASSERT_GE(devices_.size(), 3u) << "MUSTER_NICS lists too few"; }
  static std::string name(std::size_t nic) { return fmt::format("nic{}", nic); }

  void start(std::size_t nic) {
    const std::string config = folder_ / (name(nic) + ".toml");
    std::ofstream(config) << fmt::format(
        "name = \"{}\"\ncluster = \"lab\"\naddress = \"10.77.0.{}/24\"\ndevice = \"{}\"\n{}"
        "[dpdk]\nhugepages = true\n",
        name(nic), nic + 1, devices_[nic], GetParam() ? "vlan = 7\nmtu = 9000\n" : "");
    std::vector<std::string> options = {"--config", config, "--mode",
                                        nic == 0 ? "pipelined" : "inline", "--stay"};
    if (!GetParam())
      options.insert(options.end(),
                     {"--unicast", "--seed", "10.77.0.1:7777", "--seed", "10.77.0.2:7777"});
    members_.start(name(nic), options);
  }
  bool all_meet() {
    return members_.wait([this] { return members_.all_see_all(); }, patience);
  }
  void advertise(std::size_t nic, std::size_t names, const std::string& value) {
    for (std::size_t i = 0; i < names; ++i)
      members_.at(name(nic)).tell(fmt::format("advertise /{}/{} {}", name(nic), i, value));
  }
  bool all_know(std::size_t names) {
    return members_.wait(
        [&] {
          return members_.all_see_all() &&
                 members_.all().begin()->second->tree().size() == names + members_.all().size();
        },
        patience);
  }

  void tell_a_late_one_all_names() {
    for (const std::size_t nic : {0u, 1u}) start(nic);
    ASSERT_TRUE(all_meet()) << members_.views();
    for (const std::size_t nic : {0u, 1u}) advertise(nic, 300, "early");
    for (std::size_t nic = 2; nic < devices_.size(); ++nic) start(nic);
    EXPECT_TRUE(all_know(600)) << members_.views();
  }
  void carry_messages_and_calls_between_any_two() {
    members_.talk(3);
    const std::string text(200'000, 'x');
    const auto response = members_.answer(members_.at(name(0)), "call /nic1 " + text, "response");
    EXPECT_EQ(response.value("outcome", ""), "ok");
    EXPECT_TRUE(response.value("text", "") == text);
  }
  void agree_after_one_has_stopped_for_a_while() {
    Server& stopped = members_.at(name(2));
    stopped.process().signal(SIGSTOP);
    for (const std::size_t nic : {0u, 1u}) advertise(nic, 600, "unheard");
    stopped.process().signal(SIGCONT);
    EXPECT_TRUE(all_know(1200)) << members_.views();
  }
  void notice_a_death_and_take_the_restarted_one_in() {
    // Between both ways, every driver is left once by a process that was killed.
    const std::size_t first = GetParam() ? 0 : devices_.size() - 1;
    const std::size_t end = GetParam() ? devices_.size() - 1 : devices_.size();
    for (std::size_t nic = first; nic < end; ++nic) {
      members_.kill(name(nic));
      start(nic);
      EXPECT_TRUE(all_meet()) << name(nic) << '\n' << members_.views();
    }
  }
  void give_a_nic_back_that_is_taken_and_return_with_it(std::size_t nic) {
    const bool in_slot = nic == devices_.size() - 1;
    for (const auto& [name, member] : members_.all()) member->forget("removed");
    // Neither comes to its end before the member has given the NIC back.
    in_slot ? slot("empty") : vfio(nic, "unbind");
    ASSERT_TRUE(members_.wait([&] { return members_.removed(name(nic)) == "died"; }, patience))
        << members_.views();
    Server& member = members_.at(name(nic));
    EXPECT_NE(member.last("port_lost").value("why", "").find("is gone, pulled out or taken away"),
              std::string::npos);
    EXPECT_FALSE(members_.answer(member, "stats", "stats")["transport"].empty());
    in_slot ? slot("fill") : vfio(nic, "bind");
    EXPECT_TRUE(all_meet()) << name(nic) << '\n' << members_.views();
  }
  void vfio(std::size_t nic, const char* what) {
    std::ofstream file(std::string("/sys/bus/pci/drivers/vfio-pci/") + what);
    EXPECT_TRUE(file << devices_[nic] << std::flush) << what;
  }
  static void slot(const std::string& what) {
    const auto done = shell(std::getenv("MUSTER_SLOT") + (" " + what) + " 2>&1");
    EXPECT_EQ(done.status, 0) << done.output;
  }
  void notice_a_leave() {
    members_.leave(name(0));
    EXPECT_TRUE(all_meet()) << members_.views();
  }

  /// The machine's processors are slow.
  static constexpr std::chrono::seconds patience{120};
  const std::vector<std::string> devices_ = devices();
  TemporaryFolder folder_;
  Members members_;
};

// One life for all of it: on these processors it is the starts that take long.
TEST_P(OnNics, LiveThroughALateJoinAPauseDeathsAndALeave) {
  tell_a_late_one_all_names();
  ASSERT_FALSE(HasFailure()) << "late join";
  carry_messages_and_calls_between_any_two();
  ASSERT_FALSE(HasFailure()) << "messages";
  agree_after_one_has_stopped_for_a_while();
  ASSERT_FALSE(HasFailure()) << "pause";
  notice_a_death_and_take_the_restarted_one_in();
  ASSERT_FALSE(HasFailure()) << "deaths";
  for (const std::size_t nic :
       GetParam() ? std::vector<std::size_t>{0} : std::vector<std::size_t>{1, devices_.size() - 1})
    give_a_nic_back_that_is_taken_and_return_with_it(nic);
  ASSERT_FALSE(HasFailure()) << "taken";
  notice_a_leave();
}

INSTANTIATE_TEST_SUITE_P(Members, OnNics, testing::Bool(), [](const auto& mode) {
  return mode.param ? "WhoMulticast" : "WithoutMulticast";
});

}  // namespace
}  // namespace muster::e2e
