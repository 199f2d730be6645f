#include "node/duty_cycle.h"

#include <gtest/gtest.h>

#include "cluster/config.h"

namespace muster {
namespace {

TEST(DutyCycle, CountsNothingWhileItIsInTime) {
  DutyCycle duty(1000);
  for (TimeNs now = 1; now < 100'000; now += 1000) duty.begin(now);
  EXPECT_EQ(duty.stalls().count, 0U);
}

TEST(DutyCycle, MeasuresEveryStall) {
  DutyCycle duty(1000);
  duty.begin(1'000'000);  // the first beginning follows nothing
  duty.begin(1'005'000);
  duty.begin(1'005'500);
  duty.begin(1'008'500);
  const StallStats stalls = duty.stalls();
  EXPECT_EQ(stalls.count, 2U);
  EXPECT_EQ(stalls.longest_ns, 5000U);
  EXPECT_EQ(stalls.last_ns, 3000U);
}

TEST(DutyCycle, CountsNotWhatItSleepsAndWhatComesAfterThat) {
  DutyCycle duty(1000);
  duty.begin(1'000'000);
  duty.sleep_until(2'000'000);
  duty.begin(2'000'900);
  EXPECT_EQ(duty.stalls().count, 0U);
  duty.sleep_until(3'000'000);
  duty.begin(3'002'000);
  EXPECT_EQ(duty.stalls().longest_ns, 2000U);
  duty.sleep_until(never_ns);
  duty.begin(9'000'000);
  duty.sleep_until(9'500'000);
  duty.begin(9'100'000);  // woken before that
  duty.begin(9'102'000);
  EXPECT_EQ(duty.stalls().count, 2U);
}

TEST(DutyCycle, IsAwayWhereACycleTakesLongerThanPacketsDo) {
  DutyCycle duty(1 * ms);
  EXPECT_EQ(duty.begin(1 * ms), 0U);  // the first beginning follows nothing
  EXPECT_EQ(duty.begin(1 * ms + 499 * us), 0U);
  EXPECT_EQ(duty.begin(1 * ms + 999 * us), 500 * us);
  EXPECT_EQ(duty.begin(9 * ms + 999 * us), 8 * ms);
  duty.sleep_until(20 * ms);
  EXPECT_EQ(duty.begin(12 * ms), 0U);  // woken before that
  duty.sleep_until(20 * ms);
  EXPECT_EQ(duty.begin(20 * ms + 600 * us), 600 * us);
}

}  // namespace
}  // namespace muster
