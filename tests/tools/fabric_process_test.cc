// `muster fabric` as a process, with members at real ports.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cluster/config.h"
#include "dpdk_transport/eal.h"
#include "dpdk_transport/frame_pool.h"
#include "dpdk_transport/raw_port.h"
#include "tests/tools/fabric_frames.h"
#include "tests/tools/shell.h"
#include "tools/lab/process.h"
#include "tools/lab/temporary_folder.h"

namespace muster::fabric::test {
namespace {

using namespace std::chrono_literals;

const std::string muster = std::getenv("MUSTER");

bool within(std::chrono::milliseconds limit, const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(100us);
  }
  return true;
}

dpdk::FramePool& pool() {
  static const bool started = (dpdk::start_eal({}), true);
  static dpdk::FramePool frames(started ? 4096 : 0);
  return frames;
}

/// A station at one port of the switch.
class Member {
 public:
  Member(unsigned number, const std::string& socket)
      : number_(number),
        port_({.device = fmt::format("net_memif{},role=client,id={},socket={},socket-abstract=no",
                                     number, number, socket),
               .rx_descriptors = 512,
               .tx_descriptors = 512,
               .mac = {},
               .connect_timeout_ns = 5 * second},
              pool()) {}

  void send(Mac to, wire::Type type) {
    const auto bytes = muster_frame(to, station(number_), type);
    dpdk::Frame* frame = pool().allocate();
    ASSERT_NE(frame, nullptr);
    ASSERT_TRUE(dpdk::resize(*frame, bytes.size()));
    std::ranges::copy(bytes, dpdk::bytes(*frame).begin());
    ASSERT_TRUE(within(2s, [&] { return port_.send(std::span(&frame, 1)) == 1; }));
  }
  /// How many frames of a type have come since the last take().
  int came(wire::Type type) {
    std::array<dpdk::Frame*, 32> burst;
    const std::size_t count = port_.receive(burst);
    for (std::size_t i = 0; i < count; ++i) {
      ++received_[inspect(dpdk::bytes(*burst[i]))->kind];
      dpdk::free_frame(burst[i]);
    }
    return received_[static_cast<std::size_t>(type)];
  }
  bool comes(wire::Type type, int frames = 1) {
    return within(2s, [&] { return came(type) >= frames; });
  }
  bool reconnects() {
    return within(5s, [&] {
      port_.reconnect();
      return port_.link_up();
    });
  }

 private:
  unsigned number_;
  dpdk::RawPort port_;
  std::array<int, kind_count> received_{};
};

class FabricProcess : public testing::Test {
 public:
  void start(const std::string& options = {}) {
    process = std::make_unique<lab::Process>(std::vector<std::string>{
        "/bin/sh", "-c",
        fmt::format("exec {} fabric --socket {} --ports 3 {}", muster, socket, options)});
    ASSERT_TRUE(within(10s, [&] {
      for (const std::string& line : process->read_lines()) ready += line;
      return !ready.empty();
    }));
  }
  void connect_three() {
    for (unsigned number = 0; number < 3; ++number)
      members.push_back(std::make_unique<Member>(number, socket));
  }
  /// The exit status; -1 while it goes on running.
  int end(int signal) {
    process->signal(signal);
    std::optional<int> status;
    within(5s, [&] { return (status = process->ended()).has_value(); });
    return status.value_or(-1);
  }
  ShellResult fabric(const std::string& arguments) {
    return shell(fmt::format("{} fabric {} --socket {} 2>&1", muster, arguments, socket));
  }
  bool anything_left() const { return !std::filesystem::is_empty(folder.path()); }

  TemporaryFolder folder;
  std::string socket = folder / "switch.sock";
  std::string ready;
  std::vector<std::unique_ptr<Member>> members;
  std::unique_ptr<lab::Process> process;
};

TEST_F(FabricProcess, CarriesFramesBetweenMembersAndLearns) {
  start();
  EXPECT_NE(ready.find("ready"), std::string::npos) << ready;
  connect_three();
  members[0]->send(group_mac, wire::Type::heartbeat);
  EXPECT_TRUE(members[1]->comes(wire::Type::heartbeat));
  EXPECT_TRUE(members[2]->comes(wire::Type::heartbeat));

  members[1]->send(station(0), wire::Type::session);
  EXPECT_TRUE(members[0]->comes(wire::Type::session));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(members[2]->came(wire::Type::session), 0);
  EXPECT_EQ(members[0]->came(wire::Type::heartbeat), 0);
}

TEST_F(FabricProcess, DropsTheNextAdvertisementToOneMember) {
  start();
  connect_three();
  EXPECT_EQ(fabric("drop-next advertisement --to 2").output, "ok\n");
  members[0]->send(group_mac, wire::Type::advertisement);
  members[0]->send(group_mac, wire::Type::heartbeat);
  EXPECT_TRUE(members[2]->comes(wire::Type::heartbeat));
  EXPECT_EQ(members[2]->came(wire::Type::advertisement), 0);
  EXPECT_TRUE(members[1]->comes(wire::Type::advertisement));

  members[0]->send(group_mac, wire::Type::advertisement);
  EXPECT_TRUE(members[2]->comes(wire::Type::advertisement));
  EXPECT_TRUE(members[1]->comes(wire::Type::advertisement, 2));
}

TEST_F(FabricProcess, IsChangedWhileItRuns) {
  start("--loss 100%");
  connect_three();
  members[0]->send(group_mac, wire::Type::advertisement);
  ASSERT_TRUE(within(2s, [&] {
    return fabric("stats").output.find("loss 1") != std::string::npos;
  })) << fabric("stats").output;
  EXPECT_EQ(fabric("set loss=0").output, "ok\n");
  members[0]->send(group_mac, wire::Type::heartbeat);
  EXPECT_TRUE(members[1]->comes(wire::Type::heartbeat));
  EXPECT_EQ(members[1]->came(wire::Type::advertisement), 0);

  EXPECT_EQ(fabric("partition 0,1 2").output, "ok\n");
  members[0]->send(group_mac, wire::Type::leave);
  EXPECT_TRUE(members[1]->comes(wire::Type::leave));
  EXPECT_EQ(fabric("heal").output, "ok\n");
  members[0]->send(group_mac, wire::Type::join);
  EXPECT_TRUE(members[2]->comes(wire::Type::join));
  EXPECT_EQ(members[2]->came(wire::Type::leave), 0);
}

TEST_F(FabricProcess, DelaysFrames) {
  start("--delay 50ms");
  connect_three();
  const auto begin = std::chrono::steady_clock::now();
  members[0]->send(group_mac, wire::Type::heartbeat);
  EXPECT_TRUE(members[1]->comes(wire::Type::heartbeat));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
}

/// As a member does that is killed while it starts, or while the switch is busy.
void connect_and_hang_up(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
}

TEST_F(FabricProcess, SurvivesMembersThatAreGoneBeforeTheyAreLetIn) {
  start();
  for (int i = 0; i < 3; ++i) {
    process->signal(SIGSTOP);
    std::this_thread::sleep_for(20ms);
    connect_and_hang_up(socket);
    process->signal(SIGCONT);
    std::this_thread::sleep_for(20ms);
  }
  connect_three();
  members[0]->send(group_mac, wire::Type::heartbeat);
  EXPECT_TRUE(members[1]->comes(wire::Type::heartbeat));
  EXPECT_FALSE(process->ended());
}

TEST_F(FabricProcess, StartsAgainOverTheSocketsOfOneThatWasKilled) {
  start();
  connect_three();
  EXPECT_EQ(end(SIGKILL), 128 + SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(socket));
  ready.clear();
  start();
  for (const auto& member : members) EXPECT_TRUE(member->reconnects());
  members[0]->send(group_mac, wire::Type::heartbeat);
  EXPECT_TRUE(members[1]->comes(wire::Type::heartbeat));
  EXPECT_TRUE(members[2]->comes(wire::Type::heartbeat));
}

TEST_F(FabricProcess, RemovesItsSocketsWhenItEnds) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ready.clear();
    start();
    EXPECT_TRUE(anything_left());
    EXPECT_EQ(end(signal), 0);
    EXPECT_FALSE(anything_left());
  }
}

TEST_F(FabricProcess, EndsWithItsSupervisor) {
  EXPECT_EQ(fabric("--supervised </dev/null").status, 0);
  EXPECT_FALSE(anything_left());
}

TEST_F(FabricProcess, CapturesWhatCrossesIt) {
  const std::string file = folder / "lab.pcapng";
  start("--capture " + file);
  connect_three();
  members[0]->send(group_mac, wire::Type::heartbeat);
  EXPECT_TRUE(members[1]->comes(wire::Type::heartbeat));
  EXPECT_EQ(end(SIGTERM), 0);
  const ShellResult read = shell("tshark -n -r " + file + " -T fields -e frame.interface_name " +
                                 "-e udp.dstport 2>/dev/null");
  EXPECT_EQ(read.output, "port0\t7777\n");
}

/// One sentence on one line, with the thing and without anything left behind.
void expect_refusal(const ShellResult& result, int status, const std::string& thing) {
  EXPECT_EQ(result.status, status) << result.output;
  EXPECT_TRUE(result.output.starts_with("muster: ")) << result.output;
  EXPECT_NE(result.output.find(thing), std::string::npos) << result.output;
  EXPECT_EQ(std::ranges::count(result.output, '\n'), 1) << result.output;
}

TEST_F(FabricProcess, LeavesARunningOneAlone) {
  start();
  connect_three();
  expect_refusal(fabric(""), 1, socket);
  expect_refusal(shell(fmt::format("{} fabric --socket {} --control {}.control 2>&1", muster,
                                   (folder / "other.sock").string(), socket)),
                 1, "--control");
  EXPECT_FALSE(std::filesystem::exists(folder / "other.sock"));
  members[0]->send(group_mac, wire::Type::heartbeat);
  EXPECT_TRUE(members[1]->comes(wire::Type::heartbeat));
}

TEST_F(FabricProcess, SaysInOneSentenceWhyItDoesNotStart) {
  const auto run = [](const std::string& arguments) {
    return shell(fmt::format("{} fabric {} 2>&1", muster, arguments));
  };
  expect_refusal(run("--ports 2"), 2, "--socket");
  expect_refusal(fabric("--ports 1"), 2, "--ports");
  expect_refusal(fabric("--ports 33"), 2, "--ports");
  expect_refusal(fabric("--loss 2"), 2, "--loss");
  expect_refusal(fabric("--delay soon"), 2, "--delay");
  expect_refusal(fabric("--seed x"), 2, "--seed");
  expect_refusal(fabric("--capture lab.txt"), 2, "--capture");
  expect_refusal(fabric("--speed 3"), 2, "--speed");
  expect_refusal(run("--socket /tmp/a,b"), 2, "comma");
  expect_refusal(run("--socket /tmp/" + std::string(120, 'x')), 2, "--socket");
  expect_refusal(run("--socket /nowhere/x.sock"), 1, "/nowhere");
  expect_refusal(fabric("--control /nowhere/x.sock"), 1, "/nowhere");
  expect_refusal(fabric("--capture /nowhere/x.pcap"), 1, "/nowhere");
  EXPECT_FALSE(anything_left());
}

TEST_F(FabricProcess, SaysInOneSentenceWhyARequestIsRefused) {
  expect_refusal(fabric("stats"), 1, "no switch listens");
  start();
  expect_refusal(fabric("set loss=2"), 2, "loss");
  expect_refusal(fabric("set lost=1"), 2, "lost");
  expect_refusal(fabric("set port=7"), 2, "set.port");
  expect_refusal(fabric("drop-next gossip"), 2, "drop_next.type");
  expect_refusal(fabric("partition 0,x"), 2, "partition");
  expect_refusal(fabric("cut --from 0"), 2, "--to");
}

}  // namespace
}  // namespace muster::fabric::test
