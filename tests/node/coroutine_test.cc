#include <optional>
#include <stdexcept>

#include "tests/node/world.h"

namespace muster::test {
namespace {

/// Tells that what it stands in is gone.
struct Guard {
  explicit Guard(int& gone) : gone_(&gone) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { ++*gone_; }

 private:
  int* gone_;
};

Task<std::string> ask(Node& node, std::string path, std::string payload) {
  const CallAnswer answer = co_await node.call(path, bytes(payload), 10 * second);
  if (!answer) throw std::runtime_error("no answer");
  co_return text(answer.payload);
}

Task<> ask_in_turn(Node& node, int times, std::vector<std::string>& answers) {
  for (int i = 0; i < times; ++i) answers.push_back(co_await ask(node, "/echo", std::to_string(i)));
}

Task<> ask_and_throw(Node& node) {
  co_await ask(node, "/echo", "x");
  throw std::runtime_error("the coroutine's own");
}

Task<> call(Node& node, std::string path, DurationNs within, CallAnswer& answer) {
  answer = co_await node.call(path, {}, within);
}

Task<> call_b(Node& node, std::string path, CallAnswer& answer) {
  answer = co_await node.call(id("b"), path, {}, 10 * second, 7);
}

Task<> poll_for_ever(Node& node, int& polls, int& gone) {
  const Guard guard(gone);
  for (;; ++polls) co_await node.next_poll();
}

Task<> flood(Node& node, int& sent, int& blocked) {
  const std::string full(node.packet_bytes_max(), '.');
  while (sent < 1000) {
    if (node.send(id("b"), bytes(full)) == SendResult::sent) {
      ++sent;
      continue;
    }
    ++blocked;
    co_await node.next_poll();
  }
}

Task<> hold(Node& node, CallAnswer& answer, int& gone, DurationNs within = 10 * second) {
  const Guard guard(gone);
  answer = co_await node.call("/held", {}, within);
}

class NodeCoroutine : public World {
 protected:
  void SetUp() override {
    NodeConfig few = config("a");
    few.messaging.calls_max = 8;
    a = &start(few);
    b = &start("b");
    ASSERT_TRUE(settle());
    ASSERT_EQ((*b)->serve(
                  "/echo", {},
                  [](const Request& request, Responder answer) { answer.reply(request.payload); }),
              AdvertiseResult::done);
    ASSERT_EQ(
        (*b)->serve("/held", {},
                    [&](const Request&, Responder answer) { held.push_back(std::move(answer)); }),
        AdvertiseResult::done);
    ASSERT_TRUE(until([&] { return (*a)->names() == 2; }));
  }
  void TearDown() override { held.clear(); }
  Node& node() { return *a->node; }

  Server* a = nullptr;
  Server* b = nullptr;
  std::vector<Responder> held;
  int gone = 0;
  int polls = 0;
  CallAnswer heard;
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeCoroutine, both_ways, mode_name);

TEST_P(NodeCoroutine, GoesOnWithTheAnswer) {
  std::vector<std::string> answers;
  node().spawn(ask_in_turn(node(), 5, answers));
  EXPECT_TRUE(answers.empty());
  ASSERT_TRUE(until([&] { return answers.size() == 5; }));
  EXPECT_EQ(answers, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
}

TEST_P(NodeCoroutine, ManyWaitAtOnceAndTheLimitIsAnAnswer) {
  std::vector<Task<std::string>> asking;
  for (int i = 0; i < 9; ++i) {
    asking.push_back(ask(node(), "/echo", std::to_string(i)));
    asking.back().start();
  }
  EXPECT_TRUE(asking.back().done());  // the ninth of eight
  EXPECT_THROW(asking.back().result(), std::runtime_error);
  asking.pop_back();
  ASSERT_TRUE(until(
      [&] { return std::ranges::all_of(asking, [](const auto& task) { return task.done(); }); }));
  for (std::size_t i = 0; i < asking.size(); ++i) EXPECT_EQ(asking[i].result(), std::to_string(i));
}

TEST_P(NodeCoroutine, HearsWhatWentWrongAsAValue) {
  CallAnswer nobody;
  node().spawn(call(node(), "/nobody", second, nobody));
  EXPECT_EQ(nobody.sent, SendResult::not_connected);
  EXPECT_FALSE(nobody);

  CallAnswer late;
  late.outcome = CallOutcome::ok;
  node().spawn(call(node(), "/held", 20 * ms, late));
  ASSERT_TRUE(until([&] { return late.outcome != CallOutcome::ok; }));
  EXPECT_EQ(late.sent, SendResult::sent);
  EXPECT_EQ(late.outcome, CallOutcome::deadline);
}

TEST_P(NodeCoroutine, MayCallAGivenMember) {
  CallAnswer got;
  got.outcome = CallOutcome::ok;
  node().spawn(call_b(node(), "/nothing", got));
  ASSERT_TRUE(until([&] { return got.outcome != CallOutcome::ok; }));
  EXPECT_EQ(got.outcome, CallOutcome::no_such_service);
}

TEST_P(NodeCoroutine, WhatItThrowsComesOutOfPoll) {
  node().spawn(ask_and_throw(node()));
  EXPECT_THROW(run_for(5 * second), std::runtime_error);
  std::vector<std::string> answers;
  node().spawn(ask_in_turn(node(), 1, answers));
  EXPECT_TRUE(until([&] { return answers.size() == 1; }));
}

TEST_P(NodeCoroutine, DestroyedWhileItWaitsItCancelsItsCall) {
  std::vector<Task<>> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(hold(node(), heard, gone));
    waiting.back().start();
  }
  ASSERT_TRUE(until([&] { return held.size() == 8; }));
  EXPECT_EQ((*a)->call("/echo", {}, second, nullptr).result.exhausted(), Exhausted::calls);
  waiting.clear();
  EXPECT_EQ(gone, 8);
  held.clear();  // answers for nobody
  run_for(50 * ms);
  std::vector<std::string> answers;
  node().spawn(ask_in_turn(node(), 1, answers));
  EXPECT_TRUE(until([&] { return answers.size() == 1; }));
}

TEST_P(NodeCoroutine, HearsThatItsMemberHasLeft) {
  heard.outcome = CallOutcome::ok;
  node().spawn(hold(node(), heard, gone));
  ASSERT_TRUE(until([&] { return held.size() == 1; }));
  (*a)->leave();
  ASSERT_TRUE(until([&] { return gone == 1; }));
  EXPECT_EQ(heard.sent, SendResult::sent);
  EXPECT_EQ(heard.outcome, CallOutcome::closed);
  node().spawn(hold(node(), heard, gone));
  EXPECT_EQ(heard.sent, SendResult::closed);
  EXPECT_EQ(gone, 2);
}

TEST_P(NodeCoroutine, SpawnedEndsWithItsNode) {
  node().spawn(hold(node(), heard, gone));
  node().spawn(poll_for_ever(node(), polls, gone));
  ASSERT_TRUE(until([&] { return held.size() == 1; }));
  EXPECT_EQ(gone, 0);
  a->node.reset();
  EXPECT_EQ(gone, 2);
}

TEST_P(NodeCoroutine, MayOutliveItsNode) {
  Task<> calling = hold(node(), heard, gone);
  calling.start();
  Task<> waiting = poll_for_ever(node(), polls, gone);
  waiting.start();
  a->node.reset();
  EXPECT_FALSE(calling.done());
  EXPECT_EQ(gone, 0);
  calling = {};
  waiting = {};
  EXPECT_EQ(gone, 2);
}

/// More than the channel takes at once, to a receiver that is polled now and then.
TEST_P(NodeCoroutine, WaitsForRoom) {
  int sent = 0;
  int blocked = 0;
  b->diary.on_data = [](const Message&) {};
  node().spawn(flood(node(), sent, blocked));
  EXPECT_LT(sent, 1000);
  ASSERT_TRUE(until([&] { return b->diary.messages == 1000; }));
  EXPECT_GT(blocked, 0);
}

TEST_P(NodeCoroutine, NextPollIsNotThisPoll) {
  node().spawn(poll_for_ever(node(), polls, gone));
  for (int i = 1; i <= 10; ++i) {
    (*a)->poll();
    EXPECT_EQ(polls, i);
  }
}

}  // namespace
}  // namespace muster::test
