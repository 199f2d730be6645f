#include "cluster/messaging/round_trip_estimator.h"

#include <gtest/gtest.h>

#include "cluster/config.h"

namespace muster {
namespace {

TEST(RoundTripEstimator, StartsWithoutAnEstimateAndWithinItsBounds) {
  EXPECT_EQ(RoundTripEstimator(1, second).smoothed_ns(), std::nullopt);
  EXPECT_EQ(RoundTripEstimator(1, second).timeout_ns(), 10 * ms);
  EXPECT_EQ(RoundTripEstimator(1, 5 * ms).timeout_ns(), 5 * ms);
  EXPECT_EQ(RoundTripEstimator(20 * ms, second).timeout_ns(), 20 * ms);
}

TEST(RoundTripEstimator, FollowsRfc6298) {
  RoundTripEstimator estimator(1, second);
  estimator.sample(8000);  // smoothed 8000, variation 4000
  EXPECT_EQ(estimator.smoothed_ns(), 8000U);
  EXPECT_EQ(estimator.timeout_ns(), 24000U);
  estimator.sample(16000);  // variation (3 * 4000 + 8000) / 4 = 5000, smoothed 9000
  EXPECT_EQ(estimator.smoothed_ns(), 9000U);
  EXPECT_EQ(estimator.timeout_ns(), 29000U);
  estimator.sample(1000);  // variation (3 * 5000 + 8000) / 4 = 5750, smoothed 8000
  EXPECT_EQ(estimator.smoothed_ns(), 8000U);
  EXPECT_EQ(estimator.timeout_ns(), 31000U);
}

TEST(RoundTripEstimator, IsNeverBelowTheLowerBound) {
  RoundTripEstimator estimator(200 * us, second);
  estimator.sample(500);
  EXPECT_EQ(estimator.timeout_ns(), 200 * us);
}

TEST(RoundTripEstimator, IsAboveTheUpperBoundOnlyOnALongLine) {
  RoundTripEstimator estimator(1, 70'000);
  estimator.sample(30'000);
  EXPECT_EQ(estimator.timeout_ns(), 70'000U);
  for (int i = 0; i < 100; ++i) estimator.sample(8000);
  EXPECT_NEAR(static_cast<double>(estimator.timeout_ns()), 8000, 100);
  estimator.sample(10'000'000);  // once: a pause
  EXPECT_EQ(estimator.timeout_ns(), 2 * *estimator.smoothed_ns());
  for (int i = 0; i < 100; ++i) estimator.sample(100'000);
  EXPECT_GE(estimator.timeout_ns(), 100'000U);
  EXPECT_LT(estimator.timeout_ns(), 110'000U);
}

TEST(RoundTripEstimator, ForgetsTheLowestWhenTheLineHasBecomeLonger) {
  RoundTripEstimator estimator(1, second);
  EXPECT_EQ(estimator.lowest_ns(), 0U);
  for (const DurationNs round_trip_ns : {50 * us, 20 * us, 90 * us})
    estimator.sample(round_trip_ns);
  EXPECT_GE(estimator.lowest_ns(), 20 * us);
  EXPECT_LT(estimator.lowest_ns(), 21 * us);
  for (int i = 0; i < 400; ++i) estimator.sample(80 * us);
  EXPECT_EQ(estimator.lowest_ns(), 80 * us);
}

}  // namespace
}  // namespace muster
