// Nodes whose port takes no more for a while.
#include <atomic>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "node/farewell.h"
#include "node/idle_strategy.h"
#include "node/inline_runner.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

/// Nothing else is due for seconds, and nothing comes.
TEST(NodeAtAFullPort, SleepsNoLongerThanTheLineTakesToDrain) {
  Segment segment;
  NodeConfig config = loopback_config("a", Mode::run_inline);
  config.membership.join_listen_ns = 10 * second;
  config.membership.heartbeat_interval_ns = 10 * second;
  auto transport = segment.plug({0x0a4d0001, config.port});
  LoopbackTransport& link = *transport;
  const int silent = eventfd(0, EFD_CLOEXEC);
  link.wakes = silent;
  OpenPort port;
  port.queues.push_back({.transport = std::move(transport)});
  InlineRunner runner(config, port);
  pollfd wait{.fd = runner.event_fd(), .events = POLLIN, .revents = 0};
  const auto may_sleep = [&] {
    for (int i = 0; i < 3; ++i) {
      runner.begin_cycle();
      for (Word word; runner.next(word);) delete word.event();  // no messages come
      runner.end_cycle();
    }
    return runner.arm(never_ns, false);
  };

  link.full_until_ns = never_ns;
  // Not where the processor was away for as long.
  bool sleeps = false;
  for (int i = 0; i < 1000 && !sleeps; ++i) sleeps = may_sleep();
  ASSERT_TRUE(sleeps);
  EXPECT_LE(runner.next_deadline(), monotonic_ns() + IdleStrategy::sleep_max_ns);
  EXPECT_EQ(poll(&wait, 1, 1000), 1);

  link.full_until_ns = 0;
  EXPECT_TRUE(may_sleep());
  EXPECT_GT(runner.next_deadline(), monotonic_ns() + second);
  runner.end();
  close(silent);
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
