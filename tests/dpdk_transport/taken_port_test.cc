// Ports whose device is taken away.
#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dpdk_transport/raw_port.h"
#include "tests/dpdk_transport/support.h"

// What drivers say it with. DPDK exports it, and its installed headers do not have it.
struct rte_eth_dev;
extern "C" {
rte_eth_dev* rte_eth_dev_allocated(const char* name);
int rte_eth_dev_callback_process(rte_eth_dev* device, rte_eth_event_type event, void* result);
}

namespace muster::dpdk {
namespace {

using testing::eventually;

/// What DPDK tells of a NIC that vfio is to give back, told of any device.
void take_away(const char* device) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // its word for "may still change"
  rte_dev_event_callback_process(device, RTE_DEV_EVENT_REMOVE);
#pragma GCC diagnostic pop
}

TEST(TakenPorts, AreGivenBack) {
  start_eal(testing::eal);
  FramePool pool(1024);
  RawPort port({.device = "net_null0"}, pool);
  ASSERT_EQ(port.link(), Link::up);
  std::atomic<std::size_t> received = 0;
  std::jthread reader([&](const std::stop_token& stopped) {
    for (std::array<Frame*, 8> burst{}; !stopped.stop_requested();) {
      const std::size_t count = port.receive(burst);
      std::ranges::for_each(std::span(burst).first(count), free_frame);
      received += count;
    }
  });
  ASSERT_TRUE(eventually([&] { return received > 1000; }));
  take_away("net_null0");
  EXPECT_EQ(port.link(), Link::gone);
  RawPort next({.device = "net_null0"}, pool);  // so the name is free
  const std::size_t before = received;
  port.reconnect();
  EXPECT_EQ(port.link(), Link::gone);
  EXPECT_EQ(port.counters().rx_frames, 0U);
  EXPECT_LE(received, before + 8);  // a burst that had ended, and was not counted yet
  std::array<Frame*, 1> burst = {pool.allocate()};
  EXPECT_EQ(port.send(burst), 0U);
  free_frame(burst[0]);
  EXPECT_EQ(next.link(), Link::up);
}

/// A NIC is opened again then, which takes a driver of the kernel's.
TEST(TakenPorts, AreClosedAfterAReset) {
  start_eal(testing::eal);
  FramePool pool(1024);
  RawPort port({.device = "net_null0"}, pool);
  ASSERT_EQ(port.link(), Link::up);
  rte_eth_dev_callback_process(rte_eth_dev_allocated("net_null0"), RTE_ETH_EVENT_INTR_RESET,
                               nullptr);
  EXPECT_EQ(port.link(), Link::gone);
  std::uint16_t id = 0;
  EXPECT_NE(rte_eth_dev_get_port_by_name("net_null0", &id), 0);
}

/// The one whose burst does not end may hang in the device for good.
TEST(TakenPorts, AreKeptWhileABurstIsUnderWay) {
  start_eal(testing::eal);
  FramePool pool(1024);
  RawPort port({.device = "net_null0"}, pool);
  RawPort other({.device = "net_null1"}, pool);
  std::uint16_t id = 0;
  ASSERT_EQ(rte_eth_dev_get_port_by_name("net_null0", &id), 0);
  ASSERT_TRUE(BurstGate::enter(id, 1));
  take_away("net_null0");
  std::atomic<bool> asked = false;
  std::jthread asks([&] {
    EXPECT_EQ(port.link(), Link::gone);
    asked = true;
  });
  std::size_t silences = 0;
  for (std::array<Frame*, 8> burst{}; !asked; std::this_thread::yield()) {
    const std::size_t count = other.receive(burst);
    std::ranges::for_each(std::span(burst).first(count), free_frame);
    if (count == 0) ++silences;
  }
  EXPECT_EQ(silences, 0U) << "another port is none of its business";

  const auto begin = testing::Clock::now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(port.link(), Link::gone);
  EXPECT_LT(testing::Clock::now() - begin, testing::milliseconds(900)) << "it waits each time";
  BurstGate::leave(id, 1);
  EXPECT_TRUE(eventually([&] {
    port.link();
    return rte_eth_dev_get_port_by_name("net_null0", &id) != 0;
  }));
}

}  // namespace
}  // namespace muster::dpdk
