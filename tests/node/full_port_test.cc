// Nodes whose port takes no more for a while.
#include <atomic>

#include <poll.h>

#include "node/farewell.h"
#include "node/idle_strategy.h"
#include "tests/node/drowsy.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

/// Nothing else is due for seconds, and nothing comes.
TEST(NodeAtAFullPort, SleepsNoLongerThanTheLineTakesToDrain) {
  Drowsy node;
  pollfd wait{.fd = node.runner.event_fd(), .events = POLLIN, .revents = 0};
  node.link.full_until_ns = never_ns;
  ASSERT_TRUE(node.comes_to_sleep());
  EXPECT_LE(node.runner.next_deadline(), monotonic_ns() + IdleStrategy::sleep_max_ns);
  EXPECT_EQ(poll(&wait, 1, 1000), 1);

  node.link.full_until_ns = 0;
  EXPECT_TRUE(node.may_sleep());
  EXPECT_GT(node.runner.next_deadline(), monotonic_ns() + second);
}

/// Asleep between bursts it would take seconds for these, beside a queue that is full.
class NodeInAStormOfForeignFrames : public testing::TestWithParam<Mode> {};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeInAStormOfForeignFrames, both_ways, mode_name);

TEST_P(NodeInAStormOfForeignFrames, DoesNotSleep) {
  NodeConfig config = loopback_config("a", GetParam());
  config.idle = Idle::backoff;
  Segment segment;
  Diary diary;
  auto transport = segment.plug({0x0a4d0001, config.port});
  LoopbackTransport& link = *transport;
  Node node = make_node(config, diary, std::move(transport));
  node.run_for(20 * ms);  // who has nothing to do sleeps long by then
  const TimeNs begin = monotonic_ns();
  link.questions = 50'000 * 32;
  while (link.questions > 0 && monotonic_ns() - begin < 10 * second) node.idle(node.poll());
  EXPECT_LT(monotonic_ns() - begin, 2 * second);
}

class NodeThatEndsAtAFullPort : public testing::TestWithParam<Mode> {};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeThatEndsAtAFullPort, both_ways, mode_name);

TEST_P(NodeThatEndsAtAFullPort, WaitsUntilItHasTakenAll) {
  std::atomic<std::size_t> unflushed{0};
  Segment segment;
  Diary diary;
  const NodeConfig config = loopback_config("a", GetParam());
  auto transport = segment.plug({0x0a4d0001, config.port});
  transport->unflushed = &unflushed;
  transport->full_until_ns = never_ns;
  LoopbackTransport& link = *transport;
  {
    Node node = make_node(config, diary, std::move(transport));
    while (unflushed == 0) node.poll();
    link.full_until_ns = monotonic_ns() + farewell_ns / 2;
  }
  EXPECT_EQ(unflushed, 0U);
}

TEST_P(NodeThatEndsAtAFullPort, DoesNotWaitForEver) {
  Segment segment;
  Diary diary;
  const NodeConfig config = loopback_config("a", GetParam());
  auto transport = segment.plug({0x0a4d0001, config.port});
  transport->full_until_ns = never_ns;
  const TimeNs begin = monotonic_ns();
  {
    const Node node = make_node(config, diary, std::move(transport));
  }
  EXPECT_LT(monotonic_ns() - begin, 10 * second);
}

}  // namespace
}  // namespace muster::test
