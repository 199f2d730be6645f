#include "node/cycle_clock.h"

#include <algorithm>
#include <cstdint>

#include <gtest/gtest.h>

namespace muster {
namespace {

/// A machine whose true time only the test moves. Its counter counts three ticks for a nanosecond.
struct Machine {
  static inline TimeNs now_ns;
  static inline std::uint64_t leapt_ticks;
  static inline bool is_invariant;
  static inline std::uint64_t slow_read_ns;  ///< between the counter and the clock
  static inline unsigned system_reads;

  static std::uint64_t ticks() { return 3 * now_ns + leapt_ticks; }
  static bool invariant() { return is_invariant; }
};
struct System {
  static TimeNs now() {
    ++Machine::system_reads;
    return Machine::now_ns += Machine::slow_read_ns;
  }
};

class CycleClockTest : public testing::Test {
 protected:
  CycleClockTest() {
    Machine::now_ns = 1'000'000'000'000;
    Machine::leapt_ticks = 12'345;
    Machine::is_invariant = true;
    Machine::slow_read_ns = 0;
    Machine::system_reads = 0;
  }

  /// Cycles of 50 ns; the farthest that the clock was from the truth, and whether it went back.
  DurationNs stray(BasicCycleClock<Machine, System>& clock, DurationNs length_ns) {
    DurationNs farthest_ns = 0;
    for (const TimeNs end_ns = Machine::now_ns + length_ns; Machine::now_ns < end_ns;
         Machine::now_ns += 50) {
      const TimeNs told_ns = clock.now();
      EXPECT_GE(told_ns, last_ns_);
      last_ns_ = told_ns;
      const TimeNs true_ns = Machine::now_ns;
      farthest_ns =
          std::max(farthest_ns, told_ns > true_ns ? told_ns - true_ns : true_ns - told_ns);
    }
    return farthest_ns;
  }

 private:
  TimeNs last_ns_ = 0;
};

TEST_F(CycleClockTest, TellsTheTimeAndSeldomAsksTheSystem) {
  BasicCycleClock<Machine, System> clock;
  EXPECT_EQ(stray(clock, 5'000'000), 0U);  // it measures, and asks each time
  stray(clock, 10'000'000);
  Machine::system_reads = 0;
  EXPECT_LE(stray(clock, 20'000'000), 30U);
  EXPECT_LE(Machine::system_reads, 2 * 20'000'000U / 100'000U);
}

TEST_F(CycleClockTest, AsksTheSystemEachTimeWhereTheCounterIsNotSteady) {
  Machine::is_invariant = false;
  BasicCycleClock<Machine, System> clock;
  EXPECT_EQ(stray(clock, 20'000'000), 0U);
}

TEST_F(CycleClockTest, FindsBackWhenTheCounterLeaps) {
  for (const std::uint64_t leap : {std::uint64_t{150'000}, std::uint64_t{1} << 40,
                                   -std::uint64_t{150'000}, -(std::uint64_t{1} << 40)}) {
    BasicCycleClock<Machine, System> clock;
    stray(clock, 20'000'000);
    Machine::leapt_ticks += leap;
    EXPECT_LE(stray(clock, 20'000'000), 100'000U) << leap;
    EXPECT_LE(stray(clock, 20'000'000), 30U) << leap;
  }
}

TEST_F(CycleClockTest, TrustsNoReadingThatWasInterrupted) {
  BasicCycleClock<Machine, System> clock;
  stray(clock, 20'000'000);
  Machine::slow_read_ns = 50'000;
  EXPECT_LE(stray(clock, 20'000'000), 30U);
  Machine::slow_read_ns = 0;
  EXPECT_LE(stray(clock, 20'000'000), 30U);
}

TEST(CycleClock, KeepsToTheSystemsClockOfThisMachine) {
  CycleClock clock;
  for (const TimeNs end_ns = monotonic_ns() + 50'000'000; monotonic_ns() < end_ns;) {
    const TimeNs before_ns = monotonic_ns();
    const TimeNs told_ns = clock.now();
    const TimeNs after_ns = monotonic_ns();
    ASSERT_GE(told_ns + 10'000, before_ns);
    ASSERT_LE(told_ns, after_ns + 10'000);
  }
}

}  // namespace
}  // namespace muster
