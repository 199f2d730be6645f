#include "tools/fabric/fabric_switch.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/tools/fabric_frames.h"

namespace muster::fabric::test {
namespace {

TEST(DelayQueue, GivesBackInTheOrderOfTimeAndThenOfArrival) {
  DelayQueue<char> queue(8);
  EXPECT_EQ(queue.next_due(), never_ns);
  queue.push(30, 'd');
  queue.push(10, 'a');
  queue.push(20, 'b');
  queue.push(20, 'c');
  EXPECT_EQ(queue.next_due(), 10U);
  std::string order;
  while (queue.next_due() != never_ns) order += queue.pop();
  EXPECT_EQ(order, "abcd");
}

TEST(DelayQueue, IsFullAtItsBound) {
  DelayQueue<int> queue(2);
  queue.push(1, 1);
  EXPECT_FALSE(queue.full());
  queue.push(1, 2);
  EXPECT_TRUE(queue.full());
}

class FabricSwitchTest : public testing::Test {
 public:
  void start(SwitchConfig config) { fabric.emplace(config); }

  /// A frame from station `number`, which is at the port of that number, to a group.
  void send(unsigned number, TimeNs now, Mac to = group_mac) {
    fabric->receive(static_cast<PortIndex>(number), {muster_frame(to, station(number)), pool}, now);
  }
  /// Takes up to `room` frames from a port: the stations they are from.
  std::vector<Mac> take(PortIndex port, std::size_t room = 1000) {
    std::vector<Mac> sources;
    fabric->hand_out(port, [&](std::span<MemoryFrame> frames) {
      const std::size_t count = std::min(room, frames.size());
      for (const MemoryFrame& frame : frames.first(count))
        sources.push_back(inspect(frame.bytes())->source);
      return count;
    });
    return sources;
  }
  PortCounters& counters(PortIndex port) { return fabric->forwarder().counters()[port]; }
  std::uint64_t dropped(PortIndex port, Drop cause) {
    return counters(port).dropped[static_cast<std::size_t>(cause)];
  }
  void delay(DurationNs delay_ns) {
    for (PortLink& link : fabric->forwarder().faults().links) link.out.faults().delay_ns = delay_ns;
  }

  MemoryFrame::Pool pool;
  std::optional<FabricSwitch<MemoryFrame>> fabric;
};

using Sources = std::vector<Mac>;

TEST_F(FabricSwitchTest, HandsAFrameToEachOtherPortAtOnce) {
  start({.ports = 3});
  send(0, 0);
  EXPECT_FALSE(fabric->waiting(0));
  EXPECT_EQ(take(1), Sources{station(0)});
  EXPECT_EQ(take(2), Sources{station(0)});
  EXPECT_FALSE(fabric->waiting(1));
}

TEST_F(FabricSwitchTest, ClonesOnlyForTheFurtherCopies) {
  start({.ports = 4});
  send(0, 0);
  EXPECT_EQ(pool.left, MemoryFrame::Pool{}.left - 2);
}

TEST_F(FabricSwitchTest, CountsCopiesThatFoundNoBuffer) {
  start({.ports = 4});
  pool.left = 1;
  send(0, 0);
  EXPECT_EQ(take(1), Sources{station(0)});
  EXPECT_EQ(dropped(2, Drop::no_buffer), 1U);
  EXPECT_EQ(take(3), Sources{station(0)});
}

TEST_F(FabricSwitchTest, DropsAndCountsWhatIsLongerThanItCarries) {
  const auto size = muster_frame(group_mac, station(0)).size();
  for (const std::size_t most : {size, size - 1}) {
    start({.ports = 2, .frame_bytes_max = most});
    send(0, 0);
    EXPECT_EQ(fabric->waiting(1), size <= most);
    EXPECT_EQ(dropped(0, Drop::too_long), size <= most ? 0U : 1U);
  }
}

TEST_F(FabricSwitchTest, CountsWhatWasGivenAndNotWhatWaits) {
  start({.ports = 2});
  send(0, 0);
  send(0, 0);
  take(1, 1);
  EXPECT_EQ(counters(1).out.frames, 1U);
  EXPECT_EQ(counters(1).out.multicast[*kind_named("heartbeat")], 1U);
  EXPECT_TRUE(fabric->waiting(1));
}

TEST_F(FabricSwitchTest, KeepsInOrderWhatASlowMemberDoesNotTake) {
  start({.ports = 4});
  send(0, 0);
  send(1, 0);
  send(2, 0);
  EXPECT_EQ(take(3, 0), Sources{});
  EXPECT_EQ(take(3, 2), (Sources{station(0), station(1)}));
  EXPECT_EQ(take(3), Sources{station(2)});
}

TEST_F(FabricSwitchTest, DropsAndCountsPastTheBoundOfASlowPort) {
  start({.ports = 2, .waiting_frames_max = 2});
  for (int i = 0; i < 3; ++i) send(0, 0);
  EXPECT_EQ(take(1).size(), 2U);
  EXPECT_EQ(dropped(1, Drop::port_full), 1U);
}

TEST_F(FabricSwitchTest, LetsGoOfWhatWaitsForNobody) {
  start({.ports = 2});
  send(0, 0);
  send(0, 0);
  fabric->discard(1);
  EXPECT_FALSE(fabric->waiting(1));
  EXPECT_EQ(dropped(1, Drop::no_link), 2U);
}

TEST_F(FabricSwitchTest, HoldsADelayedFrameUntilItIsDue) {
  start({.ports = 2});
  delay(100);
  send(0, 50);
  EXPECT_EQ(fabric->next_due(), 150U);
  fabric->release_due(149);
  EXPECT_FALSE(fabric->waiting(1));
  fabric->release_due(150);
  EXPECT_EQ(take(1), Sources{station(0)});
  EXPECT_EQ(fabric->next_due(), never_ns);
}

TEST_F(FabricSwitchTest, LetsALaterFramePassOneThatIsHeldBack) {
  start({.ports = 3});
  fabric->forwarder().faults().links[0].in.faults().delay_ns = 100;
  send(0, 0);
  send(1, 10);
  fabric->release_due(100);
  EXPECT_EQ(take(2), (Sources{station(1), station(0)}));
}

TEST_F(FabricSwitchTest, DropsAndCountsPastTheBoundOfWhatIsUnderWay) {
  start({.ports = 2, .delayed_frames_max = 2});
  delay(100);
  for (int i = 0; i < 3; ++i) send(0, 0);
  fabric->release_due(100);
  EXPECT_EQ(take(1).size(), 2U);
  EXPECT_EQ(dropped(1, Drop::delay_full), 1U);
}

TEST_F(FabricSwitchTest, CountsAndDropsWhatIsTooShort) {
  start({.ports = 2});
  fabric->receive(0, {std::vector<std::byte>(13), pool}, 0);
  EXPECT_FALSE(fabric->waiting(1));
  EXPECT_EQ(dropped(0, Drop::malformed), 1U);
}

}  // namespace
}  // namespace muster::fabric::test
