#include "tools/node/pinger.h"

#include <deque>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/node/world.h"

namespace muster::node_command {
namespace {

using Bytes = std::vector<std::byte>;

/// Two nodes; what one says to the other waits until the test lets a pinger hear it.
struct PingerTest : test::World {
  void SetUp() override {
    a = &start("a");
    b = &start("b");
    for (test::Server* server : {a, b})
      server->diary.on_data = [this, server](const Message& message) {
        const Message::Bytes bytes = message.bytes();
        waiting[server].emplace_back(message.from(), Bytes(bytes.begin(), bytes.end()));
      };
    ASSERT_TRUE(settle());
  }
  /// The next message to `server`, taken out.
  std::pair<MemberKey, Bytes> next(test::Server* server) {
    if (!until([&] { return !waiting[server].empty(); })) return {};
    auto message = waiting[server].front();
    waiting[server].pop_front();
    return message;
  }
  void ask() {
    asks.start(test::id("b"), 1);
    EXPECT_TRUE(asks.step(*a->node));
  }
  /// `b` answers this ping, and `a` hears the answer.
  void answer(const std::pair<MemberKey, Bytes>& ping) {
    EXPECT_TRUE(answers.hear(*b->node, ping.first, ping.second, completed));
    const auto [from, pong] = next(a);
    EXPECT_TRUE(asks.hear(*a->node, from, pong, completed));
  }

  test::Server* a = nullptr;
  test::Server* b = nullptr;
  std::map<test::Server*, std::deque<std::pair<MemberKey, Bytes>>> waiting;
  Pinger asks;
  Pinger answers;
  std::optional<Pinger::Result> completed;
};
INSTANTIATE_TEST_SUITE_P(Modes, PingerTest, testing::Values(Mode::run_inline));

TEST_P(PingerTest, MeasuresARoundTrip) {
  ask();
  answer(next(b));
  ASSERT_TRUE(completed.has_value());
  EXPECT_EQ(completed->member, test::id("b"));
  EXPECT_EQ(completed->round_trips_ns.size(), 1U);
  EXPECT_FALSE(asks.busy());
}

TEST_P(PingerTest, DoesNotTakeTheLateAnswerToAPingThatWasGivenUpForTheNext) {
  ask();
  const auto given_up = next(b);
  asks.abandon(test::id("b"));
  ask();
  const auto current = next(b);
  answer(given_up);
  EXPECT_FALSE(completed.has_value());
  EXPECT_TRUE(asks.busy());
  answer(current);
  EXPECT_TRUE(completed.has_value());
}

TEST_P(PingerTest, EndsWithWhatHasComeBackWhenTimeIsUp) {
  asks.start(test::id("b"), 1000, std::chrono::milliseconds(0));
  EXPECT_TRUE(asks.step(*a->node));
  answer(next(b));
  ASSERT_TRUE(completed.has_value());
  EXPECT_EQ(completed->round_trips_ns.size(), 1U);
  EXPECT_FALSE(asks.busy());
}

TEST_P(PingerTest, LeavesTextAlone) {
  EXPECT_FALSE(asks.hear(*a->node, {}, test::bytes("hello"), completed));
  EXPECT_FALSE(asks.hear(*a->node, {}, test::bytes(std::string(64, 'x')), completed));
}

}  // namespace
}  // namespace muster::node_command
