#include "dpdk_transport/raw_port.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "dpdk_transport/file_lock.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

using testing::eventually;
using testing::memif;
using testing::Peer;
using testing::TemporaryFolder;

class RawPorts : public ::testing::Test {
 protected:
  RawPorts() { start_eal(testing::eal); }

  std::string sentence(const RawPortConfig& config) {
    FramePool pool(256);
    try {
      RawPort port(config, pool);
    } catch (const StartError& error) {
      return error.what();
    }
    return "";
  }
  Frame* frame_with(FramePool& pool, std::byte fill, std::size_t size = 60) {
    Frame* frame = pool.allocate();
    if (frame == nullptr || !resize(*frame, size)) throw std::runtime_error("no frame");
    std::fill_n(bytes(*frame).begin(), size, fill);
    return frame;
  }
  /// One frame, or nullptr after a while.
  Frame* receive_one(RawPort& port) {
    std::array<Frame*, 1> burst{};
    eventually([&] { return port.receive(burst) == 1; });
    return burst[0];
  }

  TemporaryFolder folder_;
};

TEST_F(RawPorts, SayWhatTheyCannotDo) {
  FramePool pool(512);
  RawPort port({.device = memif("server", folder_ / "s")}, pool);
  port.receive_groups({});
  const std::vector<std::string> lowered = port.lowered();
  ASSERT_EQ(lowered.size(), 3U);
  EXPECT_EQ(lowered[0], "checksums to send: IPv4 and UDP in software");
  EXPECT_EQ(lowered[2], "multicast filter: all frames, the rest in software");
  RawPort in_vlan({.device = memif("server", folder_ / "s", 1, 1), .vlan = 7}, pool);
  EXPECT_EQ(in_vlan.lowered().back(), "VLAN filter: in software");
}

TEST_F(RawPorts, PassFramesBothWays) {
  FramePool pool(1024);
  RawPort server({.device = memif("server", folder_ / "s", 0, 0)}, pool);
  RawPort client({.device = memif("client", folder_ / "s", 0, 1)}, pool);
  ASSERT_TRUE(eventually([&] { return server.link_up() && client.link_up(); }));
  for (const auto& [from, to] : {std::pair{&server, &client}, std::pair{&client, &server}}) {
    to->receive({});  // a memif client makes room for frames when it polls
    std::array<Frame*, 2> burst = {frame_with(pool, std::byte{1}, 60),
                                   frame_with(pool, std::byte{2}, 1514)};
    ASSERT_EQ(from->send(burst), 2U);
    for (const auto& [fill, size] : {std::pair{1, 60U}, std::pair{2, 1514U}}) {
      Frame* frame = receive_one(*to);
      ASSERT_NE(frame, nullptr);
      EXPECT_EQ(bytes(*frame).size(), size);
      EXPECT_TRUE(
          std::ranges::all_of(bytes(*frame), [&](std::byte b) { return b == std::byte(fill); }));
      free_frame(frame);
    }
  }
  EXPECT_EQ(client.counters().rx_frames, 2U);
  EXPECT_EQ(client.counters().tx_frames, 2U);
}

TEST_F(RawPorts, ShareOneSocketByIds) {
  FramePool pool(2048);
  RawPort first({.device = memif("server", folder_ / "s", 0, 0)}, pool);
  RawPort second({.device = memif("server", folder_ / "s", 1, 1)}, pool);
  RawPort client({.device = memif("client", folder_ / "s", 1, 2)}, pool);
  ASSERT_TRUE(eventually([&] { return second.link_up(); }));
  EXPECT_FALSE(first.link_up());
  std::array<Frame*, 1> burst = {frame_with(pool, std::byte{7})};
  ASSERT_EQ(client.send(burst), 1U);
  Frame* frame = receive_one(second);
  ASSERT_NE(frame, nullptr);
  free_frame(frame);
  EXPECT_EQ(first.receive(burst), 0U);
}

TEST_F(RawPorts, LeaveNoSocketBehind) {
  FramePool pool(256);
  {
    RawPort first({.device = memif("server", folder_ / "s", 0, 0)}, pool);
    {
      RawPort second({.device = memif("server", folder_ / "s", 1, 1)}, pool);
    }
    EXPECT_TRUE(std::filesystem::exists(folder_ / "s"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s"));
}

TEST_F(RawPorts, NeverBlockOnAFullRing) {
  FramePool pool(2048);
  RawPort server({.device = memif("server", folder_ / "s", 0, 0)}, pool);
  RawPort client(
      {.device = memif("client", folder_ / "s", 0, 1), .rx_descriptors = 64, .tx_descriptors = 64},
      pool);
  ASSERT_TRUE(eventually([&] { return client.link_up() && server.link_up(); }));
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    std::array<Frame*, 1> burst = {frame_with(pool, std::byte{3})};
    const std::size_t taken = client.send(burst);
    if (taken == 0) free_frame(burst[0]);
    sent += taken;
  }
  EXPECT_EQ(sent, 64U);
  std::size_t received = 0;
  std::array<Frame*, 32> burst{};
  while (const std::size_t count = server.receive(burst)) {
    for (std::size_t i = 0; i < count; ++i) free_frame(burst[i]);
    received += count;
  }
  EXPECT_EQ(received, sent);
  burst[0] = frame_with(pool, std::byte{3});
  EXPECT_EQ(client.send(std::span(burst).first(1)), 1U);
}

TEST_F(RawPorts, SeeTheirPeerKilledAndTakeTheNext) {
  FramePool pool(1024);
  RawPort server({.device = memif("server", folder_ / "s")}, pool);
  std::array<Frame*, 32> burst{};
  const auto poll = [&] {
    const std::size_t count = server.receive(burst);
    for (std::size_t i = 0; i < count; ++i) free_frame(burst[i]);
    return count;
  };
  for (int life = 0; life < 8; ++life) {
    Peer peer({"open", memif("client", folder_ / "s")});
    ASSERT_EQ(peer.line(), "ready");
    ASSERT_TRUE(eventually([&] { return poll() > 0; })) << "life " << life;
    peer.kill_hard();  // while bursts come in: the driver unmaps what they are read from
    ASSERT_TRUE(eventually([&] {
      poll();
      return !server.link_up();
    }));
    burst[0] = frame_with(pool, std::byte{1});
    EXPECT_EQ(server.send(std::span(burst).first(1)), 0U);
    free_frame(burst[0]);
  }
  EXPECT_EQ(pool.available(), 1024U);
}

TEST_F(RawPorts, ReachAServerThatWasKilledAndCameBack) {
  FramePool pool(1024);
  auto server =
      std::make_unique<Peer>(std::vector<std::string>{"open", memif("server", folder_ / "s")});
  ASSERT_EQ(server->line(), "ready");
  RawPort client({.device = memif("client", folder_ / "s")}, pool);
  std::array<Frame*, 32> burst{};
  const auto poll = [&] {
    const std::size_t count = client.receive(burst);
    for (std::size_t i = 0; i < count; ++i) free_frame(burst[i]);
    return count;
  };
  for (int life = 0; life < 4; ++life) {
    ASSERT_TRUE(eventually([&] { return poll() > 0; })) << "life " << life;
    server->kill_hard();
    ASSERT_TRUE(eventually([&] {
      poll();
      return !client.link_up();
    }));
    client.reconnect();
    EXPECT_FALSE(client.link_up());
    server =
        std::make_unique<Peer>(std::vector<std::string>{"open", memif("server", folder_ / "s")});
    ASSERT_EQ(server->line(), "ready");
    ASSERT_TRUE(eventually([&] {
      client.reconnect();
      return client.link_up();
    }));
  }
}

TEST_F(RawPorts, TakeOverTheSocketOfAKilledServer) {
  {
    Peer server({"open", memif("server", folder_ / "s")});
    ASSERT_EQ(server.line(), "ready");
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "s"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "s.lock")) << "but nobody holds it";
  EXPECT_EQ(sentence({.device = memif("server", folder_ / "s")}), "");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s.lock"));
}

/// The driver of one that ends removes what it finds at the path.
TEST_F(RawPorts, WaitForAServerThatEnds) {
  std::optional<FileLock> ending(folder_ / "s.lock");
  ASSERT_TRUE(ending->take());
  Peer successor({"open", memif("server", folder_ / "s")});
  std::this_thread::sleep_for(testing::milliseconds(500));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s"));
  ending.reset();
  EXPECT_EQ(successor.line(), "ready");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "s"));
  EXPECT_EQ(successor.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s.lock"));
}

TEST_F(RawPorts, SayWhoDoesNotEnd) {
  FileLock hanging(folder_ / "s.lock");
  ASSERT_TRUE(hanging.take());
  EXPECT_NE(sentence({.device = memif("server", folder_ / "s")}).find("s.lock and does not listen"),
            std::string::npos);
}

/// Each server of one process goes while the next comes in another one.
TEST_F(RawPorts, LeaveASuccessorItsSocket) {
  FramePool pool(512);
  for (int round = 0; round < 5; ++round) {
    auto server =
        std::make_unique<RawPort>(RawPortConfig{.device = memif("server", folder_ / "s")}, pool);
    const std::jthread end([&] {
      std::this_thread::sleep_for(testing::milliseconds(20 * round));
      server.reset();
    });
    std::string said;
    while (said != "ready") {
      Peer successor({"open", memif("server", folder_ / "s")});
      said = successor.line();
      if (said == "ready") {
        std::this_thread::sleep_for(testing::milliseconds(20));
        EXPECT_TRUE(std::filesystem::exists(folder_ / "s")) << "round " << round;
        EXPECT_EQ(successor.stop(), 0);
      } else {
        ASSERT_NE(said.find("another process listens on"), std::string::npos) << said;
      }
    }
  }
}

TEST_F(RawPorts, LeaveALiveServersSocketAlone) {
  Peer server({"open", memif("server", folder_ / "s")});
  ASSERT_EQ(server.line(), "ready");
  EXPECT_NE(sentence({.device = memif("server", folder_ / "s")}).find("another process listens on"),
            std::string::npos);
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(RawPorts, SayThatNobodyListens) {
  const auto begin = testing::Clock::now();
  EXPECT_NE(sentence({.device = memif("client", folder_ / "s"), .connect_timeout_ns = 100'000'000})
                .find("start `muster fabric` first"),
            std::string::npos);
  EXPECT_LT(testing::Clock::now() - begin, testing::milliseconds(5000));
}

TEST_F(RawPorts, WaitForAServerThatComesLater) {
  FramePool pool(512);
  const std::jthread late([&](const std::stop_token& done) {
    std::this_thread::sleep_for(testing::milliseconds(100));
    const Peer server({"open", memif("server", folder_ / "s")});
    // A peer dies with the thread that began it.
    while (!done.stop_requested()) std::this_thread::sleep_for(testing::milliseconds(1));
  });
  const RawPortConfig config{.device = memif("client", folder_ / "s"),
                             .connect_timeout_ns = 20'000'000'000};
  EXPECT_TRUE(RawPort(config, pool).link_up());
}

TEST_F(RawPorts, SayThatTheIdIsNotFree) {
  FramePool pool(512);
  RawPort server({.device = memif("server", folder_ / "s", 0, 0)}, pool);
  const auto refusal = [&](int id) {
    return sentence(
        {.device = memif("client", folder_ / "s", id, 1), .connect_timeout_ns = 1'000'000'000});
  };
  EXPECT_NE(refusal(5).find("ID not found"), std::string::npos);
  Peer first({"open", memif("client", folder_ / "s", 0)});
  ASSERT_EQ(first.line(), "ready");
  EXPECT_NE(refusal(0).find("choose an id that is free there"), std::string::npos);
}

TEST_F(RawPorts, SayWhatIsWrongWithADevice) {
  EXPECT_NE(sentence({.device = "eth0"}).find("\"eth0\" names no port"), std::string::npos);
  EXPECT_NE(sentence({.device = "net_nosuchdriver0"}).find("net_nosuchdriver0"), std::string::npos);
  EXPECT_NE(sentence({.device = memif("server", "/no/such/folder/s")}).find("/no/such/folder"),
            std::string::npos);
  EXPECT_NE(sentence({.device = memif("client", "/no/such/folder/s")}).find("no switch listens on"),
            std::string::npos);
  EXPECT_NE(sentence({.device = memif("server", folder_ / "s") + ",secret"}).find("key=value"),
            std::string::npos);
  std::ofstream(folder_ / "file") << "text";
  EXPECT_NE(sentence({.device = memif("server", folder_ / "file")}).find("is no socket"),
            std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "file"));
  EXPECT_NE(sentence({.device = "0000:ff:1f.7"}).find("0000:ff:1f.7"), std::string::npos);
}

TEST_F(RawPorts, HaveOneNameEach) {
  FramePool pool(256);
  RawPort port({.device = "net_null0"}, pool);
  EXPECT_NE(sentence({.device = "net_null0"}).find("is open already"), std::string::npos);
}

TEST_F(RawPorts, TakeTheAddressTheyAreGiven) {
  FramePool pool(256);
  const MacAddress mac = derived_mac(0x0a4d0063);
  RawPort memif_port({.device = memif("server", folder_ / "s"), .mac = mac}, pool);
  EXPECT_EQ(memif_port.mac(), mac);
  RawPort null_port({.device = "net_null0", .mac = mac}, pool);
  EXPECT_EQ(null_port.mac(), mac);
}

TEST(FramePools, RunDryAndRecover) {
  start_eal(testing::eal);
  FramePool pool(64);
  std::vector<Frame*> frames;
  while (Frame* frame = pool.allocate()) frames.push_back(frame);
  EXPECT_EQ(frames.size(), 64U);
  free_frame(frames.back());
  Frame* again = pool.allocate();
  EXPECT_EQ(again, frames.back());
  for (Frame* frame : frames) free_frame(frame);
  EXPECT_EQ(pool.available(), 64U);
}

// The driver would write what its ring holds behind the end of a buffer.
TEST_F(RawPorts, RefuseAKernelRingWithFramesLongerThanABuffer) {
  const std::string said = sentence({.device = "net_af_packet0,iface=lo,framesz=4096"});
  EXPECT_NE(said.find("framesz=4096"), std::string::npos) << said;
  EXPECT_NE(said.find("set mtu"), std::string::npos) << said;
}

TEST(FramePools, CloneTheBytes) {
  start_eal(testing::eal);
  FramePool pool(64);
  Frame* frame = pool.allocate();
  ASSERT_TRUE(resize(*frame, 3));
  std::memcpy(bytes(*frame).data(), "abc", 3);
  Frame* copy = pool.clone(*frame);
  ASSERT_NE(copy, nullptr);
  free_frame(frame);
  EXPECT_EQ(std::memcmp(bytes(*copy).data(), "abc", 3), 0);
  EXPECT_EQ(bytes(*copy).size(), 3U);
  EXPECT_FALSE(resize(*copy, 5000));
  free_frame(copy);
}

TEST(FramePools, SayThatMemoryDoesNotSuffice) {
  start_eal(testing::eal);
  try {
    FramePool pool(1'000'000);
    FAIL();
  } catch (const StartError& error) {
    EXPECT_NE(std::string(error.what()).find("raise memory_mb"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace muster::dpdk
