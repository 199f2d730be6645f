// One segment, a member on each of the ports that MUSTER_NICS lists: PCI addresses, of NICs that
// DPDK's own drivers drive. tests/vm/boot makes a machine that has them, the last in a slot.
// Commands are hands at that machine: MUSTER_SLOT empties the slot and fills it again, MUSTER_CABLE
// cuts a NIC's link and joins it again.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/membership/guarantee.h"
#include "tests/e2e/members.h"
#include "tests/e2e/talk.h"
#include "tests/e2e/trials.h"
#include "tests/tools/shell.h"
#include "tools/lab/temporary_folder.h"

namespace muster::e2e {
namespace {

using lab::Server;
using std::chrono::seconds;

std::vector<std::string> devices() {
  const char* listed = std::getenv("MUSTER_NICS");
  std::istringstream words(listed == nullptr ? "" : listed);
  std::vector<std::string> devices;
  for (std::string word; words >> word;) devices.push_back(word);
  return devices;
}

/// How the members on the NICs are told of them.
class Nics {
 public:
  explicit Nics(bool multicast) : multicast_(multicast) {}

  std::size_t count() const { return devices_.size(); }
  std::size_t last() const { return devices_.size() - 1; }
  const std::string& device(std::size_t nic) const { return devices_.at(nic); }
  static std::string name(std::size_t nic) { return fmt::format("nic{}", nic); }

  /// The port of a member, or a talker. Those who multicast sleep until they are woken, by NICs
  /// that can, and their memory has room for the long messages that they send from where they lie.
  std::vector<std::string> port_of(std::size_t nic) {
    const std::string config = folder_ / (name(nic) + ".toml");
    std::ofstream(config) << fmt::format(
        "name = \"{}\"\ncluster = \"lab\"\naddress = \"10.77.0.{}/24\"\ndevice = \"{}\"\n{}"
        "[dpdk]\nhugepages = true\n{}",
        name(nic), nic + 1, devices_[nic],
        multicast_ ? "idle = \"sleep\"\nvlan = 7\nmtu = 9000\n"
                   : "idle = \"backoff\"\nmulticast = false\nseeds = [\"10.77.0.1:7777\", "
                     "\"10.77.0.2:7777\"]\n",
        multicast_ ? "[limits]\npool_packets = 1024\nkept_packets = 64\nevent_queue = 256\n" : "");
    return {"--config", config};
  }

 private:
  bool multicast_;
  std::vector<std::string> devices_ = devices();
  TemporaryFolder folder_;
};

/// The machine's processors are slow.
constexpr seconds patience{120};

/// The parameter says whether they multicast.
class OnNics : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { ASSERT_GE(nics_.count(), 3u) << "MUSTER_NICS lists too few"; }
  static std::string name(std::size_t nic) { return Nics::name(nic); }

  void start(std::size_t nic) {
    std::vector<std::string> options = nics_.port_of(nic);
    // The 82574 has two queues, and nothing that spreads what comes over them.
    const bool pipelined = nic == 0 && !GetParam();
    options.insert(options.end(), {"--mode", pipelined ? "pipelined" : "inline", "--stay"});
    if (pipelined) options.insert(options.end(), {"--io-threads", "2"});
    members_.start(name(nic), options);
  }
  bool all_meet() {
    return members_.wait([this] { return members_.all_see_all(); }, patience);
  }
  void tell_a_late_one_all_names() {
    for (const std::size_t nic : {0u, 1u}) start(nic);
    ASSERT_TRUE(all_meet()) << members_.views();
    for (const std::size_t nic : {0u, 1u})
      for (std::size_t i = 0; i < early_names; ++i)
        members_.at(name(nic)).tell(fmt::format("advertise /{}/{} early", name(nic), i));
    if (GetParam()) start_a_second_one(members_, name(1), nics_.port_of(2));
    for (std::size_t nic = 2; nic < nics_.count(); ++nic) start(nic);
    EXPECT_TRUE(members_.wait(
        [&] {
          return members_.all_see_all() &&
                 members_.at(name(2)).tree().size() == 2 * early_names + members_.all().size();
        },
        patience))
        << members_.views();
  }
  void carry_messages_and_calls_between_any_two() {
    EXPECT_EQ(members_.at(name(0)).last("port").value("queues", 0), GetParam() ? 1 : 2);
    members_.talk(3);
    const std::string text(200'000, 'x');
    for (const auto& [from, to] : {std::pair(0u, 1u), std::pair(2u, 0u)}) {
      const auto response = members_.answer(members_.at(name(from)),
                                            fmt::format("call /{} {}", name(to), text), "response");
      EXPECT_EQ(response.value("outcome", ""), "ok");
      EXPECT_TRUE(response.value("text", "") == text);
    }
    for (const auto& [name, member] : members_.all())
      EXPECT_EQ(member->last("port")["lowered"].dump().find("copied into packets"),
                std::string::npos)
          << name;
  }
  void notice_a_death_and_take_the_restarted_one_in() {
    // Between both ways, every driver is left once by a process that was killed.
    std::vector<std::string> names = {name(0), name(1)};
    if (!GetParam()) names = {name(nics_.last())};
    kill_and_start_again(members_, names);
  }
  /// Pulled out of its slot for so long that the others notice, or taken from vfio for a moment.
  void give_a_nic_back_that_is_taken_and_return_with_it(std::size_t nic) {
    const bool in_slot = nic == nics_.last();
    Server& member = members_.at(name(nic));
    members_.forget("removed");
    member.forget("port_lost");
    // Neither comes to its end before the member has given the NIC back.
    in_slot ? slot("empty") : vfio(nic, "unbind");
    ASSERT_TRUE(members_.wait(
        [&] { return says_lost(member, "is gone, pulled out or taken away"); }, patience));
    if (in_slot) {
      ASSERT_TRUE(members_.wait([&] { return members_.removed(name(nic)) == "died"; }, patience))
          << members_.views();
    }
    EXPECT_FALSE(members_.answer(member, "stats", "stats")["transport"].empty());
    in_slot ? slot("fill") : vfio(nic, "bind");
    EXPECT_TRUE(members_.wait([&] { return is_answered(member); }, patience)) << name(nic);
    EXPECT_TRUE(all_meet()) << name(nic) << '\n' << members_.views();
  }
  bool is_answered(Server& member) {
    for (const char* event : {"response", "error"}) member.forget(event);
    member.tell(fmt::format("call /{} back", name(member.name() == name(2) ? 1 : 2)));
    const auto response = [&]() -> const auto& { return member.last("response"); };
    members_.wait([&] { return !response().is_null() || !member.last("error").is_null(); },
                  seconds(5));
    return !response().is_null() && response()["outcome"] == "ok";
  }
  static bool says_lost(const Server& member, const char* why) {
    const auto& lost = member.last("port_lost");
    return !lost.is_null() && lost.value("why", "").find(why) != std::string::npos;
  }
  void vfio(std::size_t nic, const char* what) {
    std::ofstream file(std::string("/sys/bus/pci/drivers/vfio-pci/") + what);
    EXPECT_TRUE(file << nics_.device(nic) << std::flush) << what;
  }
  static void hand(const char* command, const std::string& what) {
    const auto done = shell(std::getenv(command) + (" " + what) + " 2>&1");
    EXPECT_EQ(done.status, 0) << done.output;
  }
  static void slot(const std::string& what) { hand("MUSTER_SLOT", what); }

  void notice_a_cut_cable(std::size_t nic) {
    Server& member = members_.at(name(nic));
    member.forget("port_lost");
    hand("MUSTER_CABLE", fmt::format("{} off", nic + 1));
    EXPECT_TRUE(members_.wait([&] { return says_lost(member, "no link"); }, seconds(10)))
        << nics_.device(nic);
    hand("MUSTER_CABLE", fmt::format("{} on", nic + 1));
    EXPECT_TRUE(all_meet()) << name(nic) << '\n' << members_.views();
    EXPECT_EQ(members_.answer(member, fmt::format("ping {} 1", name(nic == 0 ? 1 : 0)), "pinged")
                  .value("count", 0),
              1);
  }

  /// That of the 82574 wakes nobody, and its member says so.
  void be_woken_by_frames_and_rest_without_them() {
    const std::string first = members_.at(name(0)).last("port").dump();
    EXPECT_NE(first.find("receive interrupts: none"), std::string::npos) << first;
    EXPECT_EQ(members_.at(name(0)).last("waits").value("idle", ""), "backoff");
    std::map<std::size_t, std::int64_t> ticks;
    for (std::size_t nic = 1; nic < nics_.count(); ++nic) {
      EXPECT_EQ(members_.at(name(nic)).last("waits").value("idle", ""), "sleep");
      is_woken_by_frames(nic);
    }
    for (std::size_t nic = 1; nic < nics_.count(); ++nic) ticks[nic] = processor_ticks_of(nic);
    members_.listen_for(seconds(2));
    for (const auto& [nic, before] : ticks)
      EXPECT_LT(processor_ticks_of(nic) - before, 2 * sysconf(_SC_CLK_TCK) / 3) << name(nic);
  }
  /// It would wake by itself each 10 ms.
  void is_woken_by_frames(std::size_t nic) {
    const auto before = interrupts_of(nic);
    // What comes before it has fallen asleep again interrupts nobody.
    for (int round = 0; round < 10 && interrupts_of(nic) - before < 10; ++round)
      members_.answer(members_.at(name(0)), fmt::format("ping {} 10", name(nic)), "pinged");
    EXPECT_GE(interrupts_of(nic) - before, 10) << name(nic);
  }
  /// Of the first receive queue, as the kernel counts them.
  std::int64_t interrupts_of(std::size_t nic) const {
    std::ifstream all("/proc/interrupts");
    std::int64_t sum = 0;
    for (std::string line; std::getline(all, line);) {
      if (line.find(fmt::format("vfio-msix[1]({})", nics_.device(nic))) == std::string::npos)
        continue;
      std::istringstream columns(line.substr(line.find(':') + 1));
      for (std::int64_t count = 0; columns >> count;) sum += count;
    }
    return sum;
  }
  std::int64_t processor_ticks_of(std::size_t nic) {
    std::ifstream file(fmt::format("/proc/{}/stat", members_.at(name(nic)).process().id()));
    std::string all((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(all.substr(all.rfind(')') + 2));
    std::vector<std::string> words((std::istream_iterator<std::string>(fields)), {});
    return std::stoll(words.at(11)) + std::stoll(words.at(12));  // utime and stime: see proc(5)
  }
  void notice_a_leave() {
    members_.leave(name(0));
    EXPECT_TRUE(all_meet()) << members_.views();
  }

  static constexpr std::size_t early_names = 300;
  Nics nics_{GetParam()};
  Members members_;
};

/// Says how long each step took: the machine is slow, and the whole has a limit.
class Steps {
 public:
  void end(const char* step) {
    const auto now = std::chrono::steady_clock::now();
    fmt::print("{:.1f} s: {}\n",
               std::chrono::duration<double>(now - std::exchange(begin_, now)).count(), step);
    std::fflush(stdout);
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// One life for all of it: on these processors it is the starts that take long.
TEST_P(OnNics, LiveThroughALateJoinAPauseDeathsAndALeave) {
  Steps steps;
  tell_a_late_one_all_names();
  ASSERT_FALSE(HasFailure()) << "late join";
  steps.end("late join");
  carry_messages_and_calls_between_any_two();
  ASSERT_FALSE(HasFailure()) << "messages";
  steps.end("messages");
  pause_briefly(members_, name(2), guarantee_of(wan_timers()).pause_ns, name(1), 600);
  ASSERT_FALSE(HasFailure()) << "pause";
  steps.end("pause");
  if (GetParam()) {
    be_woken_by_frames_and_rest_without_them();
    ASSERT_FALSE(HasFailure()) << "sleep";
    steps.end("sleep");
    change_a_name(members_, name(0));
    ASSERT_FALSE(HasFailure()) << "changes";
  } else {
    pause_for_too_long(members_, name(1));
    ASSERT_FALSE(HasFailure()) << "long pause";
  }
  steps.end("changes, or a long pause");
  notice_a_death_and_take_the_restarted_one_in();
  ASSERT_FALSE(HasFailure()) << "deaths";
  steps.end("deaths");
  for (std::size_t nic = 0; nic < nics_.count(); ++nic) notice_a_cut_cable(nic);
  ASSERT_FALSE(HasFailure()) << "cables";
  steps.end("cables");
  for (const std::size_t nic :
       GetParam() ? std::vector<std::size_t>{1} : std::vector<std::size_t>{0, nics_.last()}) {
    give_a_nic_back_that_is_taken_and_return_with_it(nic);
    ASSERT_FALSE(HasFailure()) << "taken";
    steps.end("taken");
  }
  if (GetParam()) is_woken_by_frames(1);
  notice_a_leave();
  steps.end("leave");
}

INSTANTIATE_TEST_SUITE_P(Members, OnNics, testing::Bool(), [](const auto& mode) {
  return mode.param ? "WhoMulticast" : "WithoutMulticast";
});

TEST(TalkOnNics, LosesNothingUnsaid) {
  Steps steps;
  Nics nics(true);
  std::vector<talk::Talker> talkers;
  for (std::size_t nic = 0; nic < nics.count(); ++nic)
    talkers.push_back({nics.port_of(nic), nic == nics.last()});
  talk::Talk talk(1, talkers, patience);
  ASSERT_TRUE(talk.begin()) << "the members did not find each other";
  steps.end("start");
  talk.listen_for(1000, 1000);
  talk.pause(0);
  talk.pause(1);
  talk.listen_for(1000, 1000);
  talk.kill(nics.last());
  talk.listen_for(5000, 5000);
  talk.pause(nics.last());
  steps.end("talk");
  for (const std::string& mistake : talk.settle()) ADD_FAILURE() << mistake;
  EXPECT_GT(talk.streams_checked(), 0U);
  EXPECT_GT(talk.total("retransmitted"), 0U);
  fmt::print("{}\n", talk.summary());
  steps.end("settling");
}

}  // namespace
}  // namespace muster::e2e
