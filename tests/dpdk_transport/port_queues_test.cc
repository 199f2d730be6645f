// Ports with two queues, of which each is served by a thread of its own.
#include <array>
#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/dpdk_transport/queue_frames.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;
using namespace testing;  // NOLINT(google-build-using-namespace): made for these tests

class PortsWithQueues : public ::testing::Test {
 protected:
  PortsWithQueues() { start_eal(testing::eal); }
  std::string sentence(RawPortConfig config) {
    FramePool pool(512);
    config.connect_timeout_ns = 300'000'000;
    try {
      RawPort port(config, pool);
    } catch (const StartError& error) {
      return error.what();
    }
    return "";
  }
  RawPortConfig server(std::uint16_t queues) {
    return {.device = memif("server", folder_ / "s", 0, 0), .queues = queues};
  }
  RawPortConfig client(std::uint16_t queues) {
    return {.device = memif("client", folder_ / "s", 0, 1), .queues = queues};
  }

  testing::TemporaryFolder folder_;
};

TEST_F(PortsWithQueues, CarryFramesOnEachToTheSameOfTheOther) {
  FramePool pool(2048);
  RawPort left(server(2), pool);
  RawPort right(client(2), pool);
  EXPECT_EQ(left.queues(), 2);
  EXPECT_EQ(right.queues(), 2);
  ASSERT_TRUE(eventually([&] { return left.link_up() && right.link_up(); }));
  for (const auto& [from, to] : {std::pair{&left, &right}, std::pair{&right, &left}}) {
    for (const std::uint16_t queue : {second, first}) {
      to->receive({}, queue);  // a memif client makes room for frames when it polls
      const Bytes sent(60, std::byte{static_cast<unsigned char>(queue + 7)});
      std::array<Frame*, 1> burst = {frame_of(pool, sent)};
      ASSERT_EQ(from->send(burst, queue), 1U);
      EXPECT_EQ(heard(*to, queue), sent);
      EXPECT_EQ(to->receive(burst, queue == 0 ? 1 : 0), 0U);
    }
  }
}

TEST_F(PortsWithQueues, OfAMemifAreThoseOfItsServer) {
  FramePool pool(1024);
  RawPort one(server(1), pool);
  RawPort port(client(4), pool);
  EXPECT_EQ(port.queues(), 1);
  EXPECT_TRUE(eventually([&] { return port.link_up(); }));
  const std::vector<std::string> lowered = port.lowered();
  EXPECT_EQ(std::ranges::count(lowered, "queues: 1, not 4"), 1);
}

/// A killed server has left what it said; the next one comes later, and is another.
TEST_F(PortsWithQueues, OfAMemifAreNotThoseOfAKilledServer) {
  std::ofstream(folder_ / "s.lock") << "9000 4\n";
  const std::jthread late([&](const std::stop_token& done) {
    std::this_thread::sleep_for(testing::milliseconds(100));
    const Peer peer({"queues", "2", server(2).device});
    // A peer dies with the thread that began it.
    while (!done.stop_requested()) std::this_thread::sleep_for(testing::milliseconds(1));
  });
  FramePool pool(2048);
  RawPortConfig config = client(4);
  config.connect_timeout_ns = 20'000'000'000;
  RawPort port(config, pool);
  EXPECT_EQ(port.queues(), 2);
  EXPECT_TRUE(port.link_up());
}

/// The driver would read the first queue in the place of the second.
TEST_F(PortsWithQueues, OfAMemifAreNotFewerThanItsServers) {
  FramePool pool(1024);
  RawPort two(server(2), pool);
  const std::string said = sentence(client(1));
  EXPECT_NE(said.find("has 2 queues, and this one takes 1: give both the same io_threads"),
            std::string::npos)
      << said;
}

/// The first queue's thread takes the port down and up while the other's is in the middle of
/// bursts.
TEST_F(PortsWithQueues, ComeBackTogetherWithTheirServer) {
  FramePool pool(2048);
  const std::vector<std::string> server_peer = {"queues", "2", server(2).device};
  auto left = std::make_unique<Peer>(server_peer);
  ASSERT_EQ(left->line(), "ready");
  RawPort right(client(2), pool);
  std::atomic<std::size_t> came{0};
  const std::jthread other([&](const std::stop_token& done) {
    std::array<Frame*, 32> burst{};
    while (!done.stop_requested()) {
      const std::size_t count = right.receive(burst, second);
      for (std::size_t i = 0; i < count; ++i) free_frame(burst[i]);
      came += count;
      burst[0] = frame_of(pool, Bytes(60));
      if (right.send(std::span(burst).first(1), second) == 0) free_frame(burst[0]);
    }
  });
  for (int life = 0; life < 4; ++life) {
    EXPECT_TRUE(eventually([&, before = came.load()] { return came > before; })) << life;
    left->kill_hard();
    ASSERT_TRUE(eventually([&] { return !right.link_up(); }));
    right.reconnect();  // stops it, and reaches nobody
    left = std::make_unique<Peer>(server_peer);
    ASSERT_EQ(left->line(), "ready");
    ASSERT_TRUE(eventually([&] {
      right.reconnect();
      return right.link_up();
    })) << "life "
        << life;
  }
}

/// Each waits for the other to be as it was.
TEST_F(PortsWithQueues, SayWhenTheirServerIsBackWithOthers) {
  FramePool pool(2048);
  auto left = std::make_unique<Peer>(std::vector<std::string>{"queues", "2", server(2).device});
  ASSERT_EQ(left->line(), "ready");
  RawPort right(client(2), pool);
  const auto becomes = [&](Link link) {
    return eventually([&] {
      right.reconnect();
      return right.link() == link;
    });
  };
  left->kill_hard();
  ASSERT_TRUE(eventually([&] { return right.link() == Link::down; }));
  left = std::make_unique<Peer>(std::vector<std::string>{"queues", "1", server(1).device});
  ASSERT_EQ(left->line(), "ready");
  EXPECT_TRUE(becomes(Link::mismatched));
  left->kill_hard();
  EXPECT_TRUE(becomes(Link::down));
  left = std::make_unique<Peer>(std::vector<std::string>{"queues", "2", server(2).device});
  ASSERT_EQ(left->line(), "ready");
  EXPECT_TRUE(becomes(Link::up));
}

TEST_F(PortsWithQueues, OfTheKernelAndOfVirtualMachinesAreAllRead) {
  for (const auto& [device, key] : {std::pair("net_af_packet0,iface=lo,qpairs=4", "qpairs"),
                                    std::pair("net_vhost0,iface=/tmp/none,queues=4", "queues"),
                                    std::pair("net_virtio_user0,path=/no,queues=4", "queues")}) {
    const std::string said = sentence({.device = device, .queues = 2});
    EXPECT_NE(said.find(key + std::string("=4 is more than this member's 2 I/O threads read: leave "
                                          "it out, and set io_threads = 4")),
              std::string::npos)
        << said;
  }
}

}  // namespace
}  // namespace muster::dpdk
