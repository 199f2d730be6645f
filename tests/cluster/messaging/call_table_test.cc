#include "cluster/messaging/call_table.h"

#include <vector>

#include <gtest/gtest.h>

namespace muster {
namespace {

constexpr MemberId alice{1};
constexpr MemberId bob{2};

std::vector<CallId> expired(CallTable& table, TimeNs now) {
  std::vector<CallId> calls;
  table.expire(now, [&](CallId call) { calls.push_back(call); });
  return calls;
}

TEST(CallTable, IsFullAtItsCapacityAndHasRoomAgainAfterwards) {
  CallTable table(2);
  table.insert(1, alice, 100);
  EXPECT_TRUE(table.accepts(2));
  table.insert(2, alice, 100);
  EXPECT_FALSE(table.accepts(3));
  EXPECT_TRUE(table.erase(1));
  EXPECT_TRUE(table.accepts(3));
}

TEST(CallTable, AcceptsAnIdOnceAtATime) {
  CallTable table(4);
  table.insert(1, alice, 100);
  EXPECT_FALSE(table.accepts(1));
  EXPECT_TRUE(table.answer(1, alice));
  EXPECT_TRUE(table.accepts(1));
}

TEST(CallTable, TakesAnAnswerOnceAndFromTheCalleeOnly) {
  CallTable table(4);
  table.insert(1, alice, 100);
  EXPECT_FALSE(table.answer(1, bob));
  EXPECT_FALSE(table.answer(2, alice));
  EXPECT_TRUE(table.answer(1, alice));
  EXPECT_FALSE(table.answer(1, alice));
}

TEST(CallTable, ExpiresInTheOrderOfDeadlines) {
  CallTable table(4);
  EXPECT_EQ(table.next_deadline(), never_ns);
  table.insert(1, alice, 300);
  table.insert(2, bob, 100);
  table.insert(3, alice, 200);
  EXPECT_EQ(table.next_deadline(), 100U);
  EXPECT_TRUE(expired(table, 99).empty());
  EXPECT_EQ(expired(table, 200), (std::vector<CallId>{2, 3}));
  EXPECT_EQ(table.next_deadline(), 300U);
  EXPECT_EQ(expired(table, 300), (std::vector<CallId>{1}));
  EXPECT_EQ(table.next_deadline(), never_ns);
}

TEST(CallTable, ForgetsTheCallsToOneMember) {
  CallTable table(4);
  table.insert(1, alice, 300);
  table.insert(2, bob, 100);
  table.insert(3, alice, 200);
  std::vector<CallId> ended;
  table.erase_callee(alice, [&](CallId call) { ended.push_back(call); });
  EXPECT_EQ(ended, (std::vector<CallId>{3, 1}));
  EXPECT_TRUE(table.answer(2, bob));
}

TEST(CallTable, WithoutCapacityAcceptsNothing) {
  CallTable table(0);
  EXPECT_FALSE(table.accepts(1));
  EXPECT_FALSE(table.erase(1));
}

}  // namespace
}  // namespace muster
