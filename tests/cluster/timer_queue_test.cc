#include "cluster/timer_queue.h"

#include <optional>

#include <gtest/gtest.h>

namespace muster {
namespace {

struct Thing : Timer {
  explicit Thing(int given) : number(given) {}
  int number;
};

struct Timers : testing::Test {
  TimerQueue<Thing> queue;
  Thing one{1};
  Thing two{2};
  Thing three{3};
};

TEST_F(Timers, ComeInTheOrderOfTimeAndNotBefore) {
  EXPECT_EQ(queue.next_ns(), never_ns);
  queue.arm(one, 30);
  queue.arm(two, 10);
  queue.arm(three, 20);
  EXPECT_EQ(queue.next_ns(), 10U);
  EXPECT_EQ(queue.pop(9), nullptr);
  EXPECT_EQ(queue.pop(25), &two);
  EXPECT_EQ(queue.pop(25), &three);
  EXPECT_EQ(queue.pop(25), nullptr);
  EXPECT_EQ(queue.next_ns(), 30U);
}

TEST_F(Timers, OfOneMomentComeInTheOrderInWhichTheyWereArmed) {
  queue.arm(three, 10);
  queue.arm(one, 10);
  queue.arm(two, 10);
  EXPECT_EQ(queue.pop(10), &three);
  EXPECT_EQ(queue.pop(10), &one);
  EXPECT_EQ(queue.pop(10), &two);
}

TEST_F(Timers, MoveOnlyToAnEarlierMoment) {
  queue.arm(one, 20);
  queue.arm(one, 30);
  EXPECT_EQ(queue.next_ns(), 20U);
  queue.arm(one, 10);
  EXPECT_EQ(queue.next_ns(), 10U);
  queue.arm(one, never_ns);
  EXPECT_EQ(queue.next_ns(), 10U);
  EXPECT_EQ(queue.pop(10), &one);
  EXPECT_EQ(queue.next_ns(), never_ns) << "one timer, wherever it has been moved";
}

TEST_F(Timers, AreDisarmedWhenTheyHaveCome) {
  queue.arm(one, 10);
  ASSERT_EQ(queue.pop(10), &one);
  queue.arm(one, 40);
  EXPECT_EQ(queue.next_ns(), 40U) << "later than the moment that has passed";
}

TEST_F(Timers, NeverComeForWhatWasNotArmed) {
  queue.arm(one, never_ns);
  EXPECT_EQ(queue.pop(never_ns - 1), nullptr);
  queue.arm(two, 10);
  two.disarm();
  two.disarm();
  EXPECT_EQ(queue.next_ns(), never_ns);
}

TEST_F(Timers, EndWithTheirOwner) {
  std::optional<Thing> brief;
  queue.arm(brief.emplace(4), 10);
  queue.arm(one, 20);
  brief.reset();
  EXPECT_EQ(queue.pop(20), &one);
  EXPECT_EQ(queue.next_ns(), never_ns);
}

TEST_F(Timers, AreAllDisarmedAtOnce) {
  queue.arm(one, 10);
  queue.arm(two, 20);
  queue.clear();
  EXPECT_EQ(queue.next_ns(), never_ns);
  queue.arm(one, 30);
  EXPECT_EQ(queue.next_ns(), 30U);
}

}  // namespace
}  // namespace muster
