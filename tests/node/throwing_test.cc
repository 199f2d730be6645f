// Callbacks that throw: it comes out of poll(), and whatever else there was to call is called.
#include <optional>
#include <stdexcept>

#include "tests/node/world.h"

namespace muster::test {
namespace {

[[noreturn]] void fail() { throw std::runtime_error("the application's own"); }

class NodeThrowing : public World {
 protected:
  void SetUp() override {
    a = &start("a");
    b = &start("b");
    ASSERT_TRUE(settle());
    ASSERT_EQ((*b)->serve(
                  "/never", {},
                  [this](const Request&, Responder answer) { held.push_back(std::move(answer)); }),
              AdvertiseResult::done);
    ASSERT_TRUE(until([&] { return !(*a)->lookup("/never").empty(); }));
  }
  void TearDown() override { held.clear(); }

  /// Polls both until `done`, and counts what comes out.
  bool throws_until(const std::function<bool()>& done) {
    for (const TimeNs begin = monotonic_ns(); !done();) {
      if (monotonic_ns() - begin > 20 * second) return false;
      for (Server* server : {a, b}) {
        try {
          (*server)->idle((*server)->poll());
        } catch (const std::runtime_error&) {
          ++thrown;
        }
      }
    }
    return true;
  }
  /// Calls whose callbacks throw; at b they are held.
  void call(std::size_t calls, DurationNs deadline_ns) {
    for (std::size_t i = 0; i < calls; ++i)
      ASSERT_EQ((*a)->call(id("b"), "/never", {}, deadline_ns,
                           [this](CallOutcome outcome, auto) {
                             outcomes.push_back(outcome);
                             fail();
                           })
                    .result,
                SendResult::sent);
    ASSERT_TRUE(throws_until([&] { return held.size() == calls; }));
  }

  Server* a = nullptr;
  Server* b = nullptr;
  std::vector<Responder> held;
  std::vector<CallOutcome> outcomes;
  std::size_t thrown = 0;
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeThrowing, both_ways, mode_name);

TEST_P(NodeThrowing, CallsThatARemovalEndsAllEndAndTheRemovalIsTold) {
  call(3, 60 * second);
  (*b)->leave();
  ASSERT_TRUE(throws_until([&] { return a->diary.heard("removed b"); }));
  EXPECT_EQ(outcomes, std::vector(3, CallOutcome::member_removed));
  EXPECT_GT(thrown, 0U);
}

TEST_P(NodeThrowing, CallsOfWhoLeavesAllEnd) {
  call(3, 60 * second);
  a->diary.on_note = [](std::string_view what) {
    if (what == "left") fail();
  };
  (*a)->leave();
  ASSERT_TRUE(throws_until([&] { return outcomes.size() == 3; }));
  EXPECT_EQ(outcomes, std::vector(3, CallOutcome::closed));
  EXPECT_TRUE(a->diary.heard("left"));
}

TEST_P(NodeThrowing, CallsAllEndAtTheirDeadline) {
  call(3, 50 * ms);
  const TimeNs begin = monotonic_ns();
  ASSERT_TRUE(throws_until([&] { return outcomes.size() == 3; }));
  EXPECT_EQ(outcomes, std::vector(3, CallOutcome::deadline));
  EXPECT_EQ(thrown, 3U);
  EXPECT_LT(monotonic_ns() - begin, 2 * second);
}

/// Also those that became visible at once, and to each who watches.
TEST_P(NodeThrowing, EveryChangeIsTold) {
  std::array<std::size_t, 2> seen{};
  a->diary.on_note = [](std::string_view what) {
    if (what.starts_with("bound /x")) fail();
  };
  (*a)->watch("/x", [&](const Change&) { ++seen[0], fail(); });
  (*a)->watch("/x", [&](const Change&) { ++seen[1]; });
  Batch batch;
  for (int i = 0; i < 5; ++i) batch.bind(fmt::format("/x/{}", i), {});
  ASSERT_EQ((*b)->advertise(batch), AdvertiseResult::done);
  ASSERT_TRUE(throws_until([&] { return (*a)->names() == 6 && seen[1] == 5; }));
  EXPECT_EQ(seen[0], 5U);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(a->diary.heard(fmt::format("bound /x/{}=", i)));
  EXPECT_GT(thrown, 0U);
}

TEST_P(NodeThrowing, AServiceThatThrowsHasFailed) {
  ASSERT_EQ((*b)->serve("/throws", {}, [](const Request&, Responder) { fail(); }),
            AdvertiseResult::done);
  ASSERT_TRUE(until([&] { return !(*a)->lookup("/throws").empty(); }));
  std::vector<CallOutcome> ends;
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ((*a)->call("/throws", {}, 10 * second,
                         [&](CallOutcome outcome, auto) { ends.push_back(outcome); })
                  .result,
              SendResult::sent);
  ASSERT_TRUE(throws_until([&] { return ends.size() == 3; }));
  EXPECT_EQ(ends, std::vector(3, CallOutcome::failed));
  EXPECT_EQ(thrown, 3U);
}

/// Of a long one in pieces, too: its packets are given back, and the next ones come whole.
TEST_P(NodeThrowing, EveryMessageComesOnceAndItsPacketsGoBack) {
  std::uint32_t leaks = 1;
  b->port->leaks = &leaks;
  std::size_t heard = 0;
  b->diary.on_data = [&](const Message& message) {
    EXPECT_EQ(message.size(), heard % 2 == 0 ? 100U : 100'000U);
    ++heard;
    const KeptMessage kept = message.keep();
    fail();
  };
  const std::string whole(100, '.');
  const std::string longer(100'000, '.');
  for (std::size_t sent = 0; sent < 40;)
    ASSERT_TRUE(throws_until([&] {
      const bool taken =
          (*a)->send(id("b"), bytes(sent % 2 == 0 ? whole : longer)) == SendResult::sent;
      if (taken) ++sent;
      return taken;
    }));
  ASSERT_TRUE(throws_until([&] { return heard == 40; }));
  EXPECT_EQ(thrown, 40U);
  held.clear();
  b->node.reset();
  EXPECT_EQ(leaks, 0U);
}

/// By the poll() that throws: what is sent in it does not wait for the next.
TEST_P(NodeThrowing, WhatWasSentBeforeGoesOut) {
  a->diary.on_data = [this](const Message&) {
    EXPECT_EQ((*a)->send(id("b"), bytes("answer")), SendResult::sent);
    fail();
  };
  ASSERT_EQ((*b)->send(id("a"), bytes("question")), SendResult::sent);
  (*b)->flush();
  ASSERT_TRUE(throws_until([&] { return thrown > 0; }));
  EXPECT_TRUE(until([&] { return b->diary.heard("message answer"); }, b));
}

TEST_P(NodeThrowing, CoroutinesGoOnBesideOneThatThrows) {
  int done = 0;
  const auto waits = [](Node& node, bool throws, int& ended) -> Task<> {
    co_await node.next_poll();
    if (throws) fail();
    ++ended;
  };
  for (const bool throws : {false, true, false, true, false})
    (*a)->spawn(waits(*a->node, throws, done));
  ASSERT_TRUE(throws_until([&] { return done == 3 && thrown == 2; }));
}

}  // namespace
}  // namespace muster::test
