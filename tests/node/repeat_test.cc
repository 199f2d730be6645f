// Calls that may be made again at another member, and how calls end that cannot go on.
#include <optional>

#include "tests/node/world.h"

namespace muster::test {
namespace {

class NodeRepeat : public World {
 protected:
  struct Callee {
    Server* server;
    std::vector<std::string> asked;  ///< payloads
    std::vector<Responder> held;
    std::function<void(Responder)> does;
  };

  void SetUp() override { three(config("a")); }
  void three(const NodeConfig& of_a) {
    a = &start(of_a);
    for (Callee* callee : {&b, &c}) callee->server = &start(callee == &b ? "b" : "c");
    ASSERT_TRUE(settle());
    for (Callee* callee : {&b, &c}) {
      ASSERT_EQ((*callee->server)
                    ->serve("/s", {},
                            [callee](const Request& request, Responder answer) {
                              callee->asked.push_back(text(request.payload));
                              if (callee->does) return callee->does(std::move(answer));
                              callee->held.push_back(std::move(answer));
                            }),
                AdvertiseResult::done);
    }
    ASSERT_TRUE(until([&] { return (*a)->lookup("/s").size() == 2; }));
  }
  void TearDown() override {
    b.held.clear();
    c.held.clear();
  }
  CallCallback callback() {
    return [this](CallOutcome how, std::span<const std::byte> bytes) {
      EXPECT_FALSE(outcome);
      outcome = how;
      payload = text(bytes);
    };
  }
  CallStart call(std::string_view what, const CallOptions& options,
                 DurationNs within = 10 * second) {
    return (*a)->call("/s", bytes(what), within, callback(), options);
  }
  void start_call(std::string_view what, const CallOptions& options) {
    ASSERT_EQ(call(what, options).result, SendResult::sent);
    ASSERT_TRUE(until([&] { return b.held.size() + c.held.size() == 1 || outcome; }));
  }
  /// The one that was asked first, and the other.
  Callee& first() { return b.asked.empty() ? c : b; }
  Callee& other() { return b.asked.empty() ? b : c; }
  static void refuse(Responder answer) { answer.refuse(bytes("not now")); }
  static void confirm(Responder answer) { answer.reply(bytes("done")); }

  static constexpr CallOptions idempotent{.idempotent = true};
  Server* a = nullptr;
  Callee b;
  Callee c;
  std::optional<CallOutcome> outcome;
  std::string payload;
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeRepeat, both_ways, mode_name);

TEST_P(NodeRepeat, GoesOnAtAnotherWhenTheCalleeIsRemoved) {
  const std::string what(100'000, 'x');
  start_call(what, idempotent);
  Server& left = *first().server;
  Callee& stayed = other();
  stayed.does = confirm;
  left->leave();
  ASSERT_TRUE(until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome, CallOutcome::ok);
  EXPECT_EQ(payload, "done");
  EXPECT_EQ(stayed.asked, std::vector{what});
}

TEST_P(NodeRepeat, StaysWithTheFirstUnlessTheCallerAllowsMore) {
  start_call("once", {});
  Server& left = *first().server;
  left->leave();
  ASSERT_TRUE(until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome, CallOutcome::member_removed);
  EXPECT_EQ(b.asked.size() + c.asked.size(), 1U);
}

TEST_P(NodeRepeat, AsksEachOnceAndHearsTheLastRefusal) {
  b.does = c.does = refuse;
  start_call("x", idempotent);
  ASSERT_TRUE(until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome, CallOutcome::refused);
  EXPECT_EQ(payload, "not now");
  EXPECT_EQ(b.asked.size(), 1U);
  EXPECT_EQ(c.asked.size(), 1U);
}

TEST_P(NodeRepeat, ARefusalIsTheOutcomeOfOtherCalls) {
  b.does = c.does = refuse;
  start_call("x", {});
  EXPECT_EQ(outcome, CallOutcome::refused);
  EXPECT_EQ(b.asked.size() + c.asked.size(), 1U);
}

TEST_P(NodeRepeat, WhatTheCalleeHasTriedIsNotTriedElsewhere) {
  b.does = c.does = [](Responder answer) { answer.fail(); };
  start_call("x", idempotent);
  EXPECT_EQ(outcome, CallOutcome::failed);
  EXPECT_EQ(b.asked.size() + c.asked.size(), 1U);
}

TEST_P(NodeRepeat, KeepsItsDeadline) {
  const TimeNs begin = monotonic_ns();
  ASSERT_EQ(call("x", idempotent, 6 * second).result, SendResult::sent);
  ASSERT_TRUE(until([&] { return b.held.size() + c.held.size() == 1; }));
  ASSERT_TRUE(until([&] { return monotonic_ns() - begin >= 3 * second; }));
  Server& left = *first().server;
  left->leave();
  ASSERT_TRUE(until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome, CallOutcome::deadline);
  EXPECT_EQ(b.asked.size() + c.asked.size(), 2U);
  EXPECT_LT(monotonic_ns() - begin, 9 * second);
}

TEST_P(NodeRepeat, IsCancelledWhereverItIs) {
  CallStart started;
  ASSERT_EQ((started = call("x", idempotent)).result, SendResult::sent);
  ASSERT_TRUE(until([&] { return b.held.size() + c.held.size() == 1; }));
  Server& left = *first().server;
  left->leave();
  ASSERT_TRUE(until([&] { return b.held.size() + c.held.size() == 2; }));
  (*a)->cancel(started.id);
  other().held.back().reply(bytes("too late"));
  run_for(50 * ms);
  EXPECT_FALSE(outcome);
}

TEST_P(NodeRepeat, WaitsForRoomAtTheOther) {
  start_call("x", idempotent);
  Callee& refusing = first();
  Callee& full = other();
  full.does = confirm;
  full.server->port->state = Link::down;
  const std::string packet((*a)->packet_bytes_max(), '.');
  const MemberId to = (*full.server)->self().id;
  ASSERT_TRUE(until([&] { return (*a)->send(to, bytes(packet)) == SendResult::would_block; }));
  refuse(std::move(refusing.held.back()));
  run_for(50 * ms);
  EXPECT_FALSE(outcome);
  full.server->port->state = Link::up;
  ASSERT_TRUE(until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome, CallOutcome::ok);
}

TEST_P(NodeRepeat, KeepsNoMorePayloadThanItMay) {
  NodeConfig small = config("small");
  small.limits.long_message_bytes = 1000;
  Server& caller = start(small);
  ASSERT_TRUE(settle());
  const std::string most(800, '.');
  int ended = 0;
  const auto count = [&](CallOutcome, std::span<const std::byte>) { ++ended; };
  const auto result = [&] {
    return caller->call("/s", bytes(most), 10 * second, count, idempotent).result;
  };
  EXPECT_EQ(result(), SendResult::sent);
  EXPECT_EQ(result().exhausted(), Exhausted::long_messages);
  ASSERT_TRUE(until([&] { return b.held.size() + c.held.size() == 1; }));
  first().held.back().reply({});
  ASSERT_TRUE(until([&] { return ended == 1; }));
  EXPECT_EQ(result(), SendResult::sent);
}

TEST_P(NodeRepeat, EndsWithItsNode) {
  start_call("x", idempotent);
  (*a)->leave();
  ASSERT_TRUE(until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome, CallOutcome::closed);
  EXPECT_EQ(b.asked.size() + c.asked.size(), 1U);
}

TEST_P(NodeRepeat, ACallbackMayCancelTheOthersThatEndWithIt) {
  std::vector<CallStart> started(8);
  int ended = 0;
  for (CallStart& each : started)
    each = (*a)->call(id("b"), "/s", {}, 10 * second, [&](CallOutcome, std::span<const std::byte>) {
      ++ended;
      for (const CallStart& other : started) (*a)->cancel(other.id);
    });
  ASSERT_TRUE(until([&] { return b.held.size() == started.size(); }));
  (*b.server)->leave();
  ASSERT_TRUE(until([&] { return a->diary.heard("removed b"); }));
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace muster::test
