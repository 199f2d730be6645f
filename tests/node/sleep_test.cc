// Nodes that sleep until they are woken (Idle::sleep).
#include <algorithm>
#include <atomic>
#include <thread>

#include <unistd.h>

#include "tests/node/drowsy.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

/// A datagram that is of no use to anybody.
void send_nothing(Transport& from, const Endpoint& to) {
  Packet* packet = from.allocate();
  packet->size = 1;
  packet->peer = to;
  from.transmit(*packet);
}

/// An interrupt tells of what comes once it is switched on. Nothing else is due for seconds.
TEST(NodeThatSleeps, LooksOnceMoreForWhatCameBeforeItsPortWouldWakeIt) {
  Drowsy node;
  LoopbackTransport& link = node.link;
  ASSERT_GE(node.runner.event_fd(), 0);
  ASSERT_TRUE(node.comes_to_sleep());
  EXPECT_TRUE(link.armed);
  node.runner.disarm();
  EXPECT_FALSE(link.armed);

  auto other = node.segment.plug({0x0a4d0002, link.self().port});
  link.on_arm = [&] { send_nothing(*other, link.self()); };
  const std::uint32_t free = link.free_packets();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(node.may_sleep());
  EXPECT_FALSE(link.armed);
  EXPECT_EQ(link.free_packets(), free);
  link.on_arm = nullptr;
  EXPECT_TRUE(node.comes_to_sleep());
}

/// Of a burst that holds no datagram the port may have answered all.
TEST(NodeThatSleeps, LooksBehindWhatItsPortAnswersByItself) {
  Drowsy node;
  LoopbackTransport& link = node.link;
  ASSERT_GE(node.runner.event_fd(), 0);
  link.on_arm = [&] { link.questions = 40; };
  ASSERT_TRUE(node.comes_to_sleep());
  EXPECT_TRUE(link.armed);
  EXPECT_EQ(link.questions, 0U);
  EXPECT_EQ(link.unsent, 0U) << "who asked waits for an answer";
  node.runner.disarm();

  auto other = node.segment.plug({0x0a4d0002, link.self().port});
  link.on_arm = [&] {
    link.questions = 40;
    send_nothing(*other, link.self());
  };
  const std::uint32_t free = link.free_packets();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(node.may_sleep());
  EXPECT_FALSE(link.armed);
  EXPECT_EQ(link.free_packets(), free);

  link.on_arm = [&] { link.questions = 1'000'000; };
  EXPECT_FALSE(node.may_sleep());
  EXPECT_FALSE(link.armed);
}

/// Nothing is opened for it later: a port may have lost what wakes by then, or the process have no
/// descriptor left.
TEST(NodeThatSleeps, HasAllThatItSleepsOnFromTheBeginning) {
  Segment segment;
  Diary diary;
  NodeConfig config = loopback_config("a", Mode::run_inline);
  config.idle = Idle::sleep;
  auto transport = segment.plug({0x0a4d0001, config.port});
  LoopbackTransport& link = *transport;
  const int silent = eventfd(0, EFD_CLOEXEC);
  link.wakes = silent;
  Node node = make_node(config, diary, std::move(transport));
  ASSERT_EQ(node.waits().idle, Idle::sleep);
  link.wakes = -1;
  const TimeNs start = monotonic_ns();
  while (!link.armed && monotonic_ns() - start < 10 * second) node.idle(node.poll());
  EXPECT_TRUE(link.armed);
  close(silent);
}

/// Over kernel sockets, which wake.
class NodesThatSleep : public testing::TestWithParam<Mode> {
 protected:
  static NodeConfig config(std::string_view name, int host) {
    NodeConfig config = loopback_config(name, GetParam());
    config.cluster = fmt::format("sleep-{}", getpid());
    config.address = fmt::format("127.0.0.{}/8", host);
    config.port = static_cast<std::uint16_t>(20000 + getpid() % 20000);
    config.idle = Idle::sleep;
    config.membership.suspect_after_ns = 4 * second;
    return config;
  }
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodesThatSleep, both_ways, mode_name);

/// Each sleep could last for 10 ms.
TEST_P(NodesThatSleep, AreWokenByAMessage) {
  Diary diary_of_b;
  Node b(config("b", 52), diary_of_b);
  EXPECT_EQ(b.waits().idle, Idle::sleep);
  diary_of_b.on_data = [&](const Message& message) { b.send(message.from().id, message.bytes()); };
  std::atomic<bool> done{false};
  std::thread echo([&] {
    while (!done) b.idle(b.poll());
  });
  Diary diary;
  Node a(config("a", 51), diary);
  const TimeNs start = monotonic_ns();
  while ((a.members().empty() || !a.synchronized()) && monotonic_ns() - start < 60 * second)
    a.idle(a.poll());
  EXPECT_TRUE(a.synchronized());

  // Not where the processor was away for as long.
  std::size_t quick = 0;
  for (std::size_t i = 1; i <= 200 && quick < 10 && !HasFailure(); ++i) {
    a.run_for(3 * ms);  // both sleep by then
    const TimeNs sent_ns = monotonic_ns();
    EXPECT_EQ(a.send(id("b"), bytes("x")), SendResult::sent);
    while (diary.messages < i && monotonic_ns() - sent_ns < 10 * second) a.idle(a.poll());
    EXPECT_EQ(diary.messages, i);
    if (monotonic_ns() - sent_ns < 8 * ms) ++quick;
  }
  EXPECT_EQ(quick, 10U);
  done = true;
  echo.join();
}

/// Who backs off polls some 6,000 times in a second.
TEST_P(NodesThatSleep, HardlyPollWhereNothingComes) {
  Diary diary;
  Node node(config("lone", 53), diary);
  while (node.standing() != Standing::member) node.idle(node.poll());
  std::size_t polls = 0;
  for (const TimeNs start = monotonic_ns(); monotonic_ns() - start < second; ++polls)
    node.idle(node.poll());
  EXPECT_LT(polls, 3000U);
}

}  // namespace
}  // namespace muster::test
