#include "cluster/messaging/call_table.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace muster {
namespace {

constexpr Callee alice{MemberId{1}, 3};
constexpr Callee bob{MemberId{2}, 3};

using Waiter = std::unique_ptr<std::string>;  // may be moved only
using Table = CallTable<Waiter>;
using Names = std::vector<std::string>;

CallId open(Table& table, const Callee& callee, TimeNs deadline, const char* name) {
  return table.open(callee, deadline, std::make_unique<std::string>(name));
}
Names expired(Table& table, TimeNs now) {
  Names names;
  table.expire(now, [&](CallId, const Waiter& waiter) { names.push_back(*waiter); });
  return names;
}

TEST(CallTable, IsFullAtItsCapacityAndHasRoomAgainAfterwards) {
  Table table(2);
  const CallId first = open(table, alice, 100, "first");
  EXPECT_FALSE(table.full());
  const CallId second = open(table, alice, 100, "second");
  EXPECT_NE(first, second);
  EXPECT_TRUE(table.full());
  EXPECT_EQ(**table.close(first), "first");
  EXPECT_FALSE(table.full());
  EXPECT_EQ(table.size(), 1U);
}

TEST(CallTable, TakesAnAnswerOnceAndFromTheCalleeOnly) {
  Table table(4);
  const CallId call = open(table, alice, 100, "call");
  EXPECT_EQ(table.answer(call, bob), std::nullopt);
  EXPECT_EQ(table.answer(call, {alice.member, 4}), std::nullopt);
  EXPECT_EQ(table.answer(call + 1, alice), std::nullopt);
  EXPECT_EQ(table.answer(0, alice), std::nullopt);
  EXPECT_EQ(table.answer(~CallId{}, alice), std::nullopt);
  EXPECT_EQ(**table.answer(call, alice), "call");
  EXPECT_EQ(table.answer(call, alice), std::nullopt);
  EXPECT_EQ(table.close(call), std::nullopt);
}

TEST(CallTable, ALateAnswerFindsNobodyThoughThePlaceIsInUseAgain) {
  Table table(1);
  const CallId before = open(table, alice, 100, "before");
  EXPECT_EQ(expired(table, 100), Names{"before"});
  const CallId after = open(table, alice, 200, "after");
  EXPECT_EQ(table.answer(before, alice), std::nullopt);
  EXPECT_EQ(table.close(before), std::nullopt);
  EXPECT_EQ(**table.answer(after, alice), "after");
}

/// They count from different numbers on: what the one was to hear the other does not.
TEST(CallTable, AnAnswerToACallOfAnotherTableFindsNobody) {
  Table one(4, 17);
  const CallId late = open(one, alice, 100, "late");
  Table other(4, 4'000'000'000);
  const CallId call = open(other, alice, 100, "call");
  EXPECT_EQ(other.answer(late, alice), std::nullopt);
  EXPECT_EQ(**other.answer(call, alice), "call");
}

TEST(CallTable, ExpiresInTheOrderOfDeadlines) {
  Table table(4);
  EXPECT_EQ(table.next_deadline(), never_ns);
  open(table, alice, 300, "third");
  open(table, bob, 100, "first");
  open(table, alice, 200, "second");
  open(table, alice, never_ns, "never");
  EXPECT_EQ(table.next_deadline(), 100U);
  EXPECT_EQ(expired(table, 99), Names{});
  EXPECT_EQ(expired(table, 200), (Names{"first", "second"}));
  EXPECT_EQ(table.next_deadline(), 300U);
  EXPECT_EQ(expired(table, 1000 * 1000), Names{"third"});
  EXPECT_EQ(table.size(), 1U);
}

TEST(CallTable, WhoeverHearsOfTheEndMayCallAgain) {
  Table table(1);
  open(table, alice, 100, "first");
  int ended = 0;
  table.expire(500, [&](CallId, const Waiter&) {
    ++ended;
    open(table, alice, 501, "next");
  });
  EXPECT_EQ(ended, 1);
  table.erase_callee(alice.member, [&](CallId, const Waiter&) { open(table, bob, 0, "another"); });
  EXPECT_EQ(expired(table, 0), Names{"another"});
}

TEST(CallTable, ForgetsTheCallsToOneMember) {
  Table table(4);
  open(table, alice, 300, "later");
  const CallId other = open(table, bob, 100, "other");
  open(table, alice, 200, "sooner");
  Names ended;
  table.erase_callee(alice.member, [&](CallId, const Waiter& waiter) { ended.push_back(*waiter); });
  EXPECT_EQ(ended, (Names{"sooner", "later"}));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_NE(table.answer(other, bob), std::nullopt);
}

TEST(CallTable, ForgetsAll) {
  Table table(4);
  open(table, alice, 300, "later");
  open(table, bob, 100, "sooner");
  Names ended;
  table.erase_all([&](CallId, const Waiter& waiter) { ended.push_back(*waiter); });
  EXPECT_EQ(ended, (Names{"sooner", "later"}));
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.next_deadline(), never_ns);
}

TEST(CallTable, WithoutCapacityIsFull) {
  Table table(0);
  EXPECT_TRUE(table.full());
  EXPECT_EQ(table.close(0), std::nullopt);
}

}  // namespace
}  // namespace muster
