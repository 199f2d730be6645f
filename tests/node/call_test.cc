#include <map>
#include <set>

#include "tests/node/world.h"

namespace muster::test {
namespace {

struct Outcome {
  bool called = false;
  CallOutcome outcome{};
  std::string payload;

  CallCallback callback() {
    return [this](CallOutcome how, std::span<const std::byte> bytes) {
      EXPECT_FALSE(called);
      called = true;
      outcome = how;
      payload = text(bytes);
    };
  }
};

class NodeCall : public World {
 protected:
  void SetUp() override {
    a = &start("a");
    b = &start("b");
    ASSERT_TRUE(settle());
  }
  void serve(Server& server, std::string_view path, ServiceHandler handler) {
    ASSERT_EQ(server->serve(path, {}, std::move(handler)), AdvertiseResult::done);
    ASSERT_TRUE(until([&] { return !(*a)->lookup(path).empty(); }));
  }
  /// Whether it advertises the path or not.
  Outcome call_b(std::string_view path) {
    Outcome outcome;
    EXPECT_EQ((*a)->call(id("b"), path, {}, 5 * second, outcome.callback()).result,
              SendResult::sent);
    EXPECT_TRUE(until([&] { return outcome.called; }));
    return outcome;
  }
  Outcome call(std::string_view path, std::string_view payload, DurationNs deadline = 5 * second) {
    Outcome outcome;
    EXPECT_EQ((*a)->call(path, bytes(payload), deadline, outcome.callback()).result,
              SendResult::sent);
    EXPECT_TRUE(until([&] { return outcome.called; }));
    return outcome;
  }

  Server* a = nullptr;
  Server* b = nullptr;
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeCall, both_ways, mode_name);

void echo(const Request& request, Responder answer) {
  EXPECT_EQ(answer.reply(request.payload), SendResult::sent);
  EXPECT_FALSE(answer.pending());
}

TEST_P(NodeCall, IsAnsweredByAServiceOfAnotherMember) {
  serve(*b, "/echo", [&](const Request& request, Responder answer) {
    EXPECT_EQ(request.path, "/echo");
    EXPECT_EQ(request.from, (*a)->self());
    echo(request, std::move(answer));
  });
  const Outcome outcome = call("/echo", "hello");
  EXPECT_EQ(outcome.outcome, CallOutcome::ok);
  EXPECT_EQ(outcome.payload, "hello");
}

TEST_P(NodeCall, IsBalancedOverThoseWhoServe) {
  Server& c = start("c");
  ASSERT_TRUE(settle());
  int at_b = 0;
  int at_c = 0;
  serve(*b, "/s", [&](const Request& request, Responder answer) {
    ++at_b;
    echo(request, std::move(answer));
  });
  serve(c, "/s", [&](const Request& request, Responder answer) {
    ++at_c;
    echo(request, std::move(answer));
  });
  (*a)->advertise("/s");  // its own is not called
  ASSERT_TRUE(until([&] { return (*a)->lookup("/s").size() == 3; }));
  for (int i = 0; i < 12; ++i) call("/s", "");
  EXPECT_EQ(at_b + at_c, 12);
  EXPECT_GE(at_b, 4);
  EXPECT_GE(at_c, 4);
}

TEST_P(NodeCall, StaysWithTheMemberOfItsKey) {
  Server& c = start("c");
  ASSERT_TRUE(settle());
  for (Server* server : {b, &c})
    serve(*server, "/s", [server](const Request&, Responder answer) {
      answer.reply(bytes((*server)->self().id == id("b") ? "b" : "c"));
    });
  (*a)->advertise("/s");  // its own is not called, whatever the key
  ASSERT_TRUE(until([&] { return (*a)->lookup("/s").size() == 3; }));
  std::map<std::string, std::string> answered;
  for (int i = 0; i < 48; ++i) {
    const std::string key = std::to_string(i % 16);
    Outcome outcome;
    ASSERT_EQ(
        (*a)->call("/s", {}, 5 * second, outcome.callback(), {.pick = Pick::sticky(key)}).result,
        SendResult::sent);
    ASSERT_TRUE(until([&] { return outcome.called; }));
    EXPECT_EQ(answered.try_emplace(key, outcome.payload).first->second, outcome.payload);
  }
  std::set<std::string> callees;
  for (const auto& [key, callee] : answered) callees.insert(callee);
  EXPECT_EQ(callees, (std::set<std::string>{"b", "c"}));
}

TEST_P(NodeCall, MayBeAnsweredLater) {
  std::optional<Responder> later;
  serve(*b, "/slow", [&](const Request&, Responder answer) { later = std::move(answer); });
  Outcome outcome;
  ASSERT_EQ((*a)->call("/slow", {}, 5 * second, outcome.callback()).result, SendResult::sent);
  ASSERT_TRUE(until([&] { return later.has_value(); }));
  EXPECT_TRUE(later->pending());
  EXPECT_EQ(later->reply(bytes("at last")), SendResult::sent);
  EXPECT_EQ(later->reply(bytes("twice")), SendResult::closed);
  ASSERT_TRUE(until([&] { return outcome.called; }));
  EXPECT_EQ(outcome.payload, "at last");
}

TEST_P(NodeCall, FailsWhenTheHandlerSaysSoOrSaysNothing) {
  serve(*b, "/fails", [](const Request&, Responder answer) { answer.fail(bytes("why")); });
  serve(*b, "/forgets", [](const Request&, Responder) {});
  const Outcome failed = call("/fails", "");
  EXPECT_EQ(failed.outcome, CallOutcome::failed);
  EXPECT_EQ(failed.payload, "why");
  EXPECT_EQ(call("/forgets", "").outcome, CallOutcome::failed);
}

TEST_P(NodeCall, HearsThatNobodyServes) {
  EXPECT_EQ((*a)->call("/nobody", {}, second, nullptr).result, SendResult::not_connected);
  Outcome outcome;
  const auto started = (*a)->call(id("b"), "/nobody", {}, 5 * second, outcome.callback());
  ASSERT_EQ(started.result, SendResult::sent);
  ASSERT_TRUE(until([&] { return outcome.called; }));
  EXPECT_EQ(outcome.outcome, CallOutcome::no_such_service);
}

TEST_P(NodeCall, EndsAtItsDeadline) {
  std::optional<Responder> never;
  serve(*b, "/never", [&](const Request&, Responder answer) { never = std::move(answer); });
  EXPECT_EQ(call("/never", "", 20 * ms).outcome, CallOutcome::deadline);
}

TEST_P(NodeCall, BehindAFullQueueBlocksAndBeforeThatEndsAtItsDeadline) {
  serve(*b, "/s", echo);
  b->port->state = Link::down;
  Outcome outcome;
  ASSERT_EQ((*a)->call("/s", {}, 20 * ms, outcome.callback()).result, SendResult::sent);
  const std::string full((*a)->packet_bytes_max(), '.');
  ASSERT_TRUE(until([&] {  // what the I/O thread takes in between makes room once more
    while ((*a)->send(id("b"), bytes(full)) == SendResult::sent) {
    }
    return (*a)->call("/s", bytes(full), 20 * ms, nullptr).result == SendResult::would_block;
  }));
  EXPECT_TRUE(until([&] { return outcome.called; }));
  EXPECT_EQ(outcome.outcome, CallOutcome::deadline);
  EXPECT_FALSE(a->diary.heard("removed b"));
}

TEST_P(NodeCall, EndsWhenTheCalleeIsRemoved) {
  serve(*b, "/s", echo);
  segment.lose([](const Packet& packet, const Endpoint&) {
    const auto type = reinterpret_cast<const wire::Header*>(packet.data)->type;
    return wire::Type{type} == wire::Type::session;
  });
  Outcome outcome;
  ASSERT_EQ((*a)->call("/s", {}, 60 * second, outcome.callback()).result, SendResult::sent);
  (*b)->leave();
  ASSERT_TRUE(until([&] { return outcome.called; }));
  EXPECT_EQ(outcome.outcome, CallOutcome::member_removed);
}

TEST_P(NodeCall, CanBeCancelled) {
  std::optional<Responder> later;
  serve(*b, "/s", [&](const Request&, Responder answer) { later = std::move(answer); });
  Outcome outcome;
  const auto started = (*a)->call("/s", {}, 5 * second, outcome.callback());
  ASSERT_TRUE(until([&] { return later.has_value(); }));
  (*a)->cancel(started.id);
  later->reply(bytes("too late"));
  run_for(50 * ms);
  EXPECT_FALSE(outcome.called);
}

TEST_P(NodeCall, BlocksPastTheLimitOfCallsInFlight) {
  NodeConfig few = config("c");
  few.messaging.calls_max = 2;
  Server& c = start(few);
  std::vector<Responder> held;
  ASSERT_TRUE(settle());
  ASSERT_EQ(
      (*b)->serve("/s", {},
                  [&](const Request&, Responder answer) { held.push_back(std::move(answer)); }),
      AdvertiseResult::done);
  ASSERT_TRUE(until([&] { return !c->lookup("/s").empty(); }));
  int answered = 0;
  const auto count = [&](CallOutcome, std::span<const std::byte>) { ++answered; };
  EXPECT_EQ(c->call("/s", {}, 5 * second, count).result, SendResult::sent);
  EXPECT_EQ(c->call("/s", {}, 5 * second, count).result, SendResult::sent);
  EXPECT_EQ(c->call("/s", {}, 5 * second, count).result.exhausted(), Exhausted::calls);
  ASSERT_TRUE(until([&] { return held.size() == 2; }));
  held.clear();
  ASSERT_TRUE(until([&] { return answered == 2; }));
  EXPECT_EQ(c->call("/s", {}, 5 * second, count).result, SendResult::sent);
  EXPECT_TRUE(until([&] { return held.size() == 1; }));
  held.clear();
}

TEST_P(NodeCall, MayCallAgainFromTheCallback) {
  serve(*b, "/echo", echo);
  Outcome outcome;
  (*a)->call("/echo", bytes("one"), 5 * second, [&](CallOutcome, std::span<const std::byte>) {
    EXPECT_EQ((*a)->call("/echo", bytes("two"), 5 * second, outcome.callback()).result,
              SendResult::sent);
  });
  ASSERT_TRUE(until([&] { return outcome.called; }));
  EXPECT_EQ(outcome.payload, "two");
}

TEST_P(NodeCall, AHandlerMayWithdrawItself) {
  serve(*b, "/once", [&](const Request& request, Responder answer) {
    EXPECT_EQ((*b)->withdraw("/once"), AdvertiseResult::done);
    echo(request, std::move(answer));
  });
  EXPECT_EQ(call("/once", "x").payload, "x");
  EXPECT_TRUE(until([&] { return (*a)->lookup("/once").empty(); }));
}

/// What says a word, whatever it is asked.
ServiceHandler says(std::string word) {
  return [word = std::move(word)](const Request&, Responder answer) { answer.reply(bytes(word)); };
}

TEST_P(NodeCall, AnsweringAdvertisesNothingAndNoWithdrawalEndsIt) {
  EXPECT_TRUE((*b)->answer("/x", says("answered")));
  EXPECT_FALSE((*b)->answer("no path", says("never")));
  EXPECT_EQ((*b)->withdraw("/x"), AdvertiseResult::unchanged);
  EXPECT_EQ(call_b("/x").payload, "answered");
  ASSERT_EQ((*b)->advertise("/x"), AdvertiseResult::done);
  ASSERT_TRUE(until([&] { return !(*a)->lookup("/x").empty(); }));
  EXPECT_EQ(call("/x", "").payload, "answered");
  ASSERT_EQ((*b)->withdraw("/x"), AdvertiseResult::done);
  EXPECT_EQ(call_b("/x").payload, "answered");
  EXPECT_EQ((*b)->withdraw_all(), AdvertiseResult::unchanged);
  EXPECT_EQ(call_b("/x").payload, "answered");
  EXPECT_TRUE((*b)->answer("/x", nullptr));
  EXPECT_EQ(call_b("/x").outcome, CallOutcome::no_such_service);
}

TEST_P(NodeCall, WhatIsGivenLastAnswers) {
  const std::string value(1'000, 'v');
  EXPECT_TRUE((*b)->answer("/x", says("first")));
  ASSERT_EQ((*b)->serve("/x", bytes(value), says("second")), AdvertiseResult::done);
  EXPECT_EQ(call_b("/x").payload, "second");
  EXPECT_TRUE((*b)->answer("/x", says("third")));
  EXPECT_EQ(call_b("/x").payload, "third");
  EXPECT_EQ((*b)->advertise("/x", value), AdvertiseResult::unchanged);  // it is still bound
  ASSERT_EQ((*b)->serve("/x", bytes(value), says("fourth")), AdvertiseResult::unchanged);
  EXPECT_EQ(call_b("/x").payload, "fourth");
  ASSERT_EQ((*b)->withdraw("/x"), AdvertiseResult::done);
  EXPECT_EQ(call_b("/x").outcome, CallOutcome::no_such_service);
}

}  // namespace
}  // namespace muster::test
