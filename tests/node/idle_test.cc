#include <gtest/gtest.h>

#include "node/idle_strategy.h"

namespace muster {
namespace {

constexpr unsigned cycles_before_sleep = IdleStrategy::pauses + IdleStrategy::yields;

void idle_until_it_sleeps(IdleStrategy& idle) {
  for (unsigned i = 0; i < cycles_before_sleep; ++i) idle.idle(0, never_ns);
}

TEST(IdleStrategy, NeverSleepsWhenItSpins) {
  IdleStrategy idle(Idle::spin);
  for (int i = 0; i < 1000; ++i) idle.idle(0, never_ns);
  EXPECT_EQ(idle.next_sleep_ns(), 0U);
}

TEST(IdleStrategy, SleepsLongerAndLongerUpToItsBound) {
  IdleStrategy idle(Idle::backoff);
  EXPECT_EQ(idle.next_sleep_ns(), 0U);
  idle_until_it_sleeps(idle);
  EXPECT_EQ(idle.next_sleep_ns(), IdleStrategy::sleep_min_ns);
  idle.idle(0, never_ns);
  EXPECT_EQ(idle.next_sleep_ns(), 2 * IdleStrategy::sleep_min_ns);
  for (int i = 0; i < 20; ++i) idle.idle(0, never_ns);
  EXPECT_EQ(idle.next_sleep_ns(), IdleStrategy::sleep_max_ns);
}

TEST(IdleStrategy, StartsAgainAfterWork) {
  IdleStrategy idle(Idle::backoff);
  idle_until_it_sleeps(idle);
  idle.idle(1, never_ns);
  EXPECT_EQ(idle.next_sleep_ns(), 0U);
}

TEST(IdleStrategy, SleepsUntilItIsWokenOnlyWhereThatWasAskedFor) {
  for (const Idle kind : {Idle::spin, Idle::backoff, Idle::sleep}) {
    IdleStrategy idle(kind);
    unsigned sleeps = 0;
    for (unsigned cycle = 0; cycle < cycles_before_sleep + 3; ++cycle)
      idle.idle(0, never_ns, [&] { return ++sleeps > 0; });
    EXPECT_EQ(sleeps, kind == Idle::sleep ? 3U : 0U);
  }
}

TEST(IdleStrategy, DoesNotSleepPastTheDeadline) {
  IdleStrategy idle(Idle::backoff);
  idle_until_it_sleeps(idle);
  for (int i = 0; i < 10; ++i) idle.idle(0, never_ns);
  const TimeNs start = monotonic_ns();
  for (int i = 0; i < 10'000; ++i) idle.idle(0, start);  // has passed: no sleep at all
  EXPECT_LT(monotonic_ns() - start, 10'000 * IdleStrategy::sleep_max_ns / 4);
}

}  // namespace
}  // namespace muster
