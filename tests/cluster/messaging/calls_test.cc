#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

using Responses = std::vector<Application::Response>;

struct Calls : testing::Test, Pair {
  SendResult call(CallId id, DurationNs deadline_ns = second) {
    return a.call(0, b.key.id, id, "/prices", "IBM?", deadline_ns);
  }
};

TEST_F(Calls, BringARequestThereAndItsAnswerBack) {
  EXPECT_EQ(call(42), SendResult::sent);
  settle(1000);
  ASSERT_EQ(b.application.requests.size(), 1U);
  const auto& request = b.application.requests[0];
  EXPECT_EQ(request.from, a.key);
  EXPECT_EQ(request.call, 42U);
  EXPECT_EQ(request.path, "/prices");
  EXPECT_EQ(request.payload, "IBM?");
  EXPECT_EQ(b.reply(1000, request.from, request.call, CallStatus::ok, "81"), SendResult::sent);
  settle(2000);
  EXPECT_EQ(a.application.responses, (Responses{{42, CallOutcome::ok, "81", true}}));
  EXPECT_EQ(a.port.alive(), 0U);
  EXPECT_EQ(b.port.alive(), 0U);
}

// docs/protocol.md §8.2.
TEST_F(Calls, TellTheStatusOfTheAnswer) {
  call(1);
  call(2);
  settle(0);
  b.reply(0, a.key, 2, CallStatus::no_such_service, "");
  b.reply(0, a.key, 1, CallStatus::failed, "why");
  settle(0);
  EXPECT_EQ(a.application.responses, (Responses{{2, CallOutcome::no_such_service, "", true},
                                                {1, CallOutcome::failed, "why", true}}));
}

TEST_F(Calls, EndAtTheirDeadline) {
  call(1, 5 * ms);
  settle(0);
  EXPECT_EQ(a.messaging.next_deadline(), 5 * ms);
  a.messaging.on_deadline(5 * ms - 1);
  EXPECT_TRUE(a.application.responses.empty());
  a.messaging.on_deadline(5 * ms);
  EXPECT_EQ(a.application.responses, (Responses{{1, CallOutcome::deadline, "", false}}));
}

TEST_F(Calls, WithAnEndlessDeadlineNeverEnd) {
  EXPECT_EQ(a.call(100, b.key.id, 1, "/x", "", never_ns), SendResult::sent);
  a.messaging.on_deadline(1000 * second);
  EXPECT_TRUE(a.application.responses.empty());
}

TEST_F(Calls, DropALateAnswer) {
  call(1, 5 * ms);
  settle(0);
  a.messaging.on_deadline(5 * ms);
  b.reply(6 * ms, a.key, 1, CallStatus::ok, "late");
  settle(6 * ms);
  EXPECT_EQ(a.application.responses.size(), 1U);
  EXPECT_EQ(a.stats().responses_unmatched, 1U);
  EXPECT_EQ(b.port.alive(), 0U);  // acknowledged all the same
}

TEST_F(Calls, DropTheAnswerToACancelledCall) {
  call(1);
  a.messaging.cancel(1);
  a.messaging.cancel(77);
  settle(0);
  b.reply(0, a.key, 1, CallStatus::ok, "x");
  settle(0);
  EXPECT_TRUE(a.application.responses.empty());
  EXPECT_EQ(a.stats().responses_unmatched, 1U);
}

TEST_F(Calls, DropAnAnswerThatIsNotFromTheCallee) {
  Side c(3, 30);
  c.meet(a);
  a.meet(c);
  call(1);
  c.reply(0, a.key, 1, CallStatus::ok, "forged");
  a.hear(0, c.transmit());
  EXPECT_TRUE(a.application.responses.empty());
  EXPECT_EQ(a.stats().responses_unmatched, 1U);
}

TEST_F(Calls, EndWhenTheCalleeIsRemoved) {
  Side c(3, 30);
  a.meet(c);
  call(1);
  a.call(0, c.key.id, 2, "/x", "", second);
  a.messaging.remove_peer(b.key.id);
  EXPECT_EQ(a.application.responses, (Responses{{1, CallOutcome::member_removed, "", false}}));
  a.messaging.clear();
  EXPECT_EQ(a.application.responses.size(), 2U);
}

TEST_F(Calls, AreAsManyAsTheTableHolds) {
  MessagingConfig config;
  config.calls_max = 2;
  Side caller(4, 40, config);
  caller.meet(b);
  for (const CallId id : {CallId{1}, CallId{2}})
    EXPECT_EQ(caller.call(0, b.key.id, id, "/x", "", second), SendResult::sent);
  EXPECT_EQ(caller.call(0, b.key.id, 3, "/x", "", second), SendResult::would_block);
  caller.messaging.cancel(1);
  EXPECT_EQ(caller.call(0, b.key.id, 3, "/x", "", second), SendResult::sent);
}

TEST_F(Calls, WithAnIdInFlightHaveToWait) {
  EXPECT_EQ(call(1), SendResult::sent);
  EXPECT_EQ(call(1), SendResult::would_block);
}

TEST_F(Calls, ThatCannotBeSentTakeNoPlaceInTheTable) {
  EXPECT_EQ(a.call(0, MemberId{99}, 1, "/x", "", second), SendResult::not_connected);
  while (a.say(0, b.key.id, "x") == SendResult::sent) {
  }
  EXPECT_EQ(call(1), SendResult::would_block);
  settle(0);
  EXPECT_EQ(call(1), SendResult::sent);
}

TEST_F(Calls, NeedAPathThatTheWireCanCarry) {
  const std::string longest = "/" + std::string(254, 'p');
  for (const std::string& path : {std::string(), std::string("prices"), longest + "p"})
    EXPECT_EQ(a.call(0, b.key.id, 1, path, "", second), SendResult::invalid_path);
  EXPECT_EQ(a.call(0, b.key.id, 1, longest, "", second), SendResult::sent);
  settle(0);
  ASSERT_EQ(b.application.requests.size(), 1U);
  EXPECT_EQ(b.application.requests[0].path, longest);
}

TEST_F(Calls, AreAnsweredToTheIncarnationThatAskedOnly) {
  call(1);
  settle(0);
  EXPECT_EQ(b.reply(0, {a.key.id, a.key.incarnation + 1}, 1, CallStatus::ok, ""),
            SendResult::not_connected);
  EXPECT_EQ(b.reply(0, a.key, 1, CallStatus::ok, ""), SendResult::sent);
}

TEST_F(Calls, WaitWhenTheApplicationHasNoRoomForARequest) {
  b.application.room = 0;
  call(1);
  settle(0);
  EXPECT_TRUE(b.application.requests.empty());
  b.application.room = 1;
  settle(0);
  EXPECT_EQ(b.application.requests.size(), 1U);
}

}  // namespace
}  // namespace muster::test
