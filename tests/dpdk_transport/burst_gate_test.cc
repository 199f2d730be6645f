#include "dpdk_transport/burst_gate.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace muster::dpdk {
namespace {

constexpr std::uint16_t port = 0;

TEST(BurstGate, TurnsBurstsAwayWhileItIsClosed) {
  BurstGate::prepare();
  ASSERT_TRUE(BurstGate::enter(port));
  BurstGate::leave(port);
  BurstGate::close();
  EXPECT_FALSE(BurstGate::enter(port));
  BurstGate::open();
  EXPECT_TRUE(BurstGate::enter(port));
  BurstGate::leave(port);
}

/// The bursts of a thread that read memory which is unmapped now and then, between `shut` and
/// `reopen`: how often they met it unmapped. Within the gate they look whether the port `runs`.
template <class Shut, class Reopen>
std::uint64_t accidents(const std::atomic<bool>& runs, Shut shut, Reopen reopen) {
  std::atomic<bool> mapped{true};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> bursts{0};
  std::atomic<std::uint64_t> accidents{0};
  std::jthread poller([&] {
    while (!done.load(std::memory_order_relaxed)) {
      if (!BurstGate::enter(port)) continue;
      if (runs.load(std::memory_order_acquire)) {
        for (int touch = 0; touch < 20'000; ++touch)
          if (!mapped.load(std::memory_order_relaxed)) accidents.fetch_add(1);
        bursts.fetch_add(1, std::memory_order_relaxed);
      }
      BurstGate::leave(port);
    }
  });
  for (int round = 0; round < 500; ++round) {
    shut();
    mapped.store(false);
    std::this_thread::yield();
    mapped.store(true);
    reopen();
    const std::uint64_t before = bursts.load();
    while (bursts.load() == before) std::this_thread::yield();
  }
  done.store(true);
  poller.join();
  return accidents.load();
}

TEST(BurstGate, ClosesOnlyOnceNobodyIsInside) {
  BurstGate::prepare();
  const std::atomic<bool> runs{true};
  EXPECT_EQ(accidents(runs, BurstGate::close, BurstGate::open), 0U);
}

TEST(BurstGate, WaitsForEachQueueOfAPort) {
  BurstGate::prepare();
  ASSERT_TRUE(BurstGate::enter(port, 1));
  ASSERT_TRUE(BurstGate::enter(port, 0));
  BurstGate::leave(port, 0);
  std::atomic<bool> closed{false};
  std::jthread closer([&] {
    BurstGate::close();
    closed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(closed) << "the second queue is in the middle of a burst";
  BurstGate::leave(port, 1);
  closer.join();
  EXPECT_FALSE(BurstGate::enter(port, 1));
  BurstGate::open();
}

/// A thread may hang in a device that is gone: that is no reason for others to wait.
TEST(BurstGate, WaitsForOnePortWhileOthersGoOn) {
  constexpr std::uint16_t other = 1;
  BurstGate::prepare();
  ASSERT_TRUE(BurstGate::enter(other));
  EXPECT_TRUE(BurstGate::wait_for(port));

  ASSERT_TRUE(BurstGate::enter(port, 1));
  std::atomic<bool> ended{false};
  std::jthread waiter([&] { ended = BurstGate::wait_for(port); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(ended) << "the second queue is in the middle of a burst";
  EXPECT_FALSE(BurstGate::closed());
  BurstGate::leave(port, 1);
  waiter.join();
  EXPECT_TRUE(ended);
  BurstGate::leave(other);
}

/// What enter() leaves to a flag of the port.
TEST(BurstGate, LetsNoBurstBeginOnceItHasWaited) {
  BurstGate::prepare();
  std::atomic<bool> runs{true};
  const auto shut = [&] {
    runs.store(false);
    while (!BurstGate::wait_for(port)) {
    }
  };
  EXPECT_EQ(accidents(runs, shut, [&] { runs.store(true); }), 0U);
}

}  // namespace
}  // namespace muster::dpdk
