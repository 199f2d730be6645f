#include "cluster/messaging/congestion_control.h"

#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "cluster/config.h"
#include "cluster/messaging/lowest_round_trip.h"
#include "tests/cluster/messaging/bottleneck.h"

namespace muster {
namespace {

using test::Bottleneck;
using test::Line;

/// Of test::Line, whose packets take 1 us and whose empty line 100 us: what it holds when it is
/// full and nothing waits.
constexpr double line_packets = 100;
constexpr double margin_packets = 100;

Bottleneck shared(std::uint32_t senders, const Line& line = {}) {
  Bottleneck bottleneck(line);
  for (std::uint32_t i = 0; i < senders; ++i) bottleneck.add({});
  return bottleneck;
}

void settle(Bottleneck& bottleneck, DurationNs duration_ns) {
  bottleneck.run_for(duration_ns);
  bottleneck.measure();
}

CongestionConfig start_at(std::uint32_t packets) {
  CongestionConfig config;
  config.window_packets_start = packets;
  return config;
}

/// Past its start, with a window of 100 that has been in use on a quiet line of 100 us.
std::unique_ptr<CongestionControl> in_use(TimeNs& now) {
  CongestionConfig config = start_at(100);
  config.window_packets_max = 100;
  auto control = make_congestion_control(config);
  for (int i = 0; i < 8; ++i)
    control->on_acknowledged(now += us, 1, RoundTrip{i < 4 ? 100 * us : ms}, 1);
  for (int i = 0; i < 40; ++i) {
    const std::uint32_t window = control->window_packets();
    control->on_acknowledged(now += ms, window, RoundTrip{100 * us}, window);
  }
  return control;
}

TEST(LowestRoundTrip, ForgetsWhatIsOlderThanItsWindow) {
  LowestRoundTrip lowest(8 * ms);
  EXPECT_FALSE(lowest.known());
  lowest.sample(0, 3 * us);
  lowest.sample(1 * ms, 2 * us);
  lowest.sample(4 * ms, 9 * us);
  EXPECT_EQ(lowest.ns(), 2 * us);  // 3 ms old
  lowest.sample(8 * ms, 7 * us);
  EXPECT_EQ(lowest.ns(), 7 * us);
  lowest.sample(100 * ms, 8 * us);  // both halves are older
  EXPECT_EQ(lowest.ns(), 8 * us);
}

TEST(LowestRoundTrip, KeepsTheLongOnesLonger) {
  LowestRoundTrip lowest(8 * ms);
  lowest.sample(0, 1 * ms);
  EXPECT_EQ(lowest.half_ns(), 256 * ms);
  lowest.sample(200 * ms, 3 * ms);
  EXPECT_EQ(lowest.ns(), 1 * ms);
}

TEST(FixedWindow, IsTheLargestWhateverHappens) {
  CongestionConfig config;
  config.kind = CongestionKind::fixed;
  config.window_packets_max = 77;
  const auto control = make_congestion_control(config);
  EXPECT_EQ(control->window_packets(), 77U);
  control->on_lost(1, 50);
  for (TimeNs now = 2; now < 9; ++now) control->on_timeout(now);
  EXPECT_EQ(control->window_packets(), 77U);
}

TEST(CongestionControl, TakesLimitsThatMakeNoSense) {
  CongestionConfig config;
  config.window_packets_start = 0;
  config.window_packets_max = 0;
  EXPECT_EQ(make_congestion_control(config)->window_packets(), 1U);
  config.window_packets_start = 9;
  config.window_packets_max = 5;
  EXPECT_EQ(make_congestion_control(config)->window_packets(), 5U);
}

TEST(DelayControl, GrowsToTheLargestAtOnceWhereNothingQueues) {
  Line line;
  line.packet_ns = 1;
  line.round_trip_ns = 2 * us;
  line.jitter_ns = 0;
  auto bottleneck = shared(1, line);
  bottleneck.run_for(20 * us);
  EXPECT_EQ(bottleneck.sender(0).control().window_packets(), 1024U);
  bottleneck.run_for(2 * ms);
  EXPECT_EQ(bottleneck.sender(0).control().window_packets(), 1024U);
}

TEST(DelayControl, FillsALineAndHoldsTheQueueItWants) {
  auto bottleneck = shared(1);
  settle(bottleneck, 20 * ms);
  bottleneck.run_for(600 * ms);  // with its looks
  EXPECT_GT(bottleneck.utilization(), 0.99);
  EXPECT_LT(bottleneck.queue_packets_mean(), 1.3 * margin_packets);
  EXPECT_LT(bottleneck.queue_packets_max(), 2 * margin_packets);
}

TEST(DelayControl, SharesALineEvenly) {
  auto bottleneck = shared(8);
  settle(bottleneck, 50 * ms);
  bottleneck.run_for(300 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.98);
  EXPECT_LT(bottleneck.unevenness(), 0.2);
  EXPECT_GT(bottleneck.fairness(), 0.98);
  EXPECT_LT(bottleneck.queue_packets_mean(), 2 * margin_packets);
}

TEST(DelayControl, SharesEvenlyWithWhoeverComesLate) {
  auto bottleneck = shared(4);
  bottleneck.run_for(200 * ms);
  for (int i = 0; i < 4; ++i) {
    bottleneck.add({});
    bottleneck.run_for(7 * ms);
  }
  settle(bottleneck, 500 * ms);  // two looks
  bottleneck.run_for(200 * ms);
  EXPECT_LT(bottleneck.unevenness(), 0.2);
  EXPECT_GT(bottleneck.fairness(), 0.99);
}

TEST(DelayControl, SharesEvenlySoonWithManyWhoComeAtOnce) {
  auto bottleneck = shared(4);
  bottleneck.run_for(200 * ms);
  for (int i = 0; i < 4; ++i) bottleneck.add({});
  settle(bottleneck, 20 * ms);  // long before the next look is due
  bottleneck.run_for(50 * ms);
  EXPECT_LT(bottleneck.unevenness(), 0.2);
}

TEST(DelayControl, SharesEvenlyWhateverTheWindowsWereAtTheStart) {
  Bottleneck bottleneck({});
  for (std::uint32_t i = 0; i < 8; ++i) bottleneck.add(start_at(1U << i));
  settle(bottleneck, 100 * ms);
  bottleneck.run_for(200 * ms);
  EXPECT_LT(bottleneck.unevenness(), 0.2);
  EXPECT_GT(bottleneck.fairness(), 0.98);
}

TEST(DelayControl, LosesLittleByRandomLossOfOnePercent) {
  auto lossless = shared(1);
  Line line;
  line.lost_per_million = 10'000;
  auto lossy = shared(1, line);
  for (auto* bottleneck : {&lossless, &lossy}) {
    settle(*bottleneck, 20 * ms);
    bottleneck->run_for(300 * ms);
  }
  EXPECT_GT(lossy.lost_share(), 0.008);
  EXPECT_GT(lossy.utilization(), 0.9 * lossless.utilization());
}

TEST(DelayControl, LosesLittleByRandomLossThatHitsALargeWindowInEachRound) {
  Line line;
  line.round_trip_ns = 600 * us;
  line.lost_per_million = 10'000;
  auto bottleneck = shared(1, line);
  settle(bottleneck, 50 * ms);
  bottleneck.run_for(100 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.9);
}

TEST(DelayControl, GivesWayToHeavyLoss) {
  Line line;
  line.lost_per_million = 50'000;
  auto bottleneck = shared(1, line);
  settle(bottleneck, 50 * ms);
  bottleneck.run_for(300 * ms);
  EXPECT_LT(bottleneck.utilization(), 0.5);
  EXPECT_GT(bottleneck.utilization(), 0.15);
}

/// Some of the eight learn the line when others' packets stand in it already, and would take that
/// for the empty line: which of them, the seed decides.
TEST(DelayControl, SharesAQueueThatOverflowsBeforeItIsLong) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Line line;
    line.queue_packets_max = 64;
    Bottleneck bottleneck(line, seed);
    for (int i = 0; i < 8; ++i) bottleneck.add({});
    settle(bottleneck, 100 * ms);
    bottleneck.run_for(400 * ms);
    EXPECT_GT(bottleneck.utilization(), 0.95) << seed;
    EXPECT_LT(bottleneck.lost_share(), 0.035) << seed;
    EXPECT_GT(bottleneck.fairness(), 0.7) << seed;
  }
}

TEST(DelayControl, HoldsOneWindowInAQueueThatOverflowsBeforeItIsLong) {
  Line line;
  line.queue_packets_max = 64;
  auto bottleneck = shared(1, line);
  settle(bottleneck, 20 * ms);
  bottleneck.run_for(200 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.97);
  EXPECT_LT(bottleneck.lost_share(), 0.01);
}

/// One in a hundred may be an accident, as well as a queue that overflows.
TEST(DelayControl, GivesWayALittleForALossBesideAQueue) {
  TimeNs now = 1 * ms;
  const auto control = in_use(now);
  for (int round = 0; round < 3; ++round) {
    if (round > 0) control->on_lost(now, 1);
    for (int i = 0; i < 99; ++i) control->on_acknowledged(now += us, 1, RoundTrip{150 * us}, 99);
  }
  EXPECT_LT(control->window_packets(), 100U);
  EXPECT_GE(control->window_packets(), 90U);
}

TEST(DelayControl, IsBackAtOnceAfterTheReceiverHasPaused) {
  auto bottleneck = shared(8);
  bottleneck.run_for(100 * ms);
  bottleneck.pause_receiver(20 * ms);
  bottleneck.run_for(19 * ms);
  EXPECT_LE(bottleneck.sender(0).control().window_packets(), 4U);  // six timeouts, no answer
  bottleneck.run_for(1 * ms);
  settle(bottleneck, 2 * ms);
  bottleneck.run_for(3 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.95);
  EXPECT_LT(bottleneck.unevenness(), 0.3);
}

TEST(DelayControl, StandsPausesOfEverybodyAllTheTime) {
  Random random(7);
  auto bottleneck = shared(4);
  settle(bottleneck, 50 * ms);
  DurationNs paused_ns = 0;
  const TimeNs from_ns = bottleneck.now();
  for (int i = 0; i < 60; ++i) {
    bottleneck.run_for(random.below(10 * ms));
    const DurationNs pause_ns = random.below(3 * ms);
    if (i % 2 == 0) {
      bottleneck.pause_receiver(pause_ns);
      paused_ns += pause_ns;
    } else {
      bottleneck.pause_sender(random.below(4), pause_ns);
    }
    bottleneck.run_for(pause_ns);
  }
  const double awake =
      1 - static_cast<double>(paused_ns) / static_cast<double>(bottleneck.now() - from_ns);
  EXPECT_GT(bottleneck.utilization(), 0.9 * awake);
  EXPECT_LT(bottleneck.unevenness(), 0.2);
}

TEST(DelayControl, FollowsTheRateDownAndUp) {
  auto bottleneck = shared(8);
  bottleneck.run_for(100 * ms);
  bottleneck.line().packet_ns *= 2;
  settle(bottleneck, 5 * ms);
  bottleneck.run_for(5 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.98);
  EXPECT_LT(bottleneck.queue_packets_max(), margin_packets);
  bottleneck.line().packet_ns /= 2;
  settle(bottleneck, 2 * ms);
  bottleneck.run_for(5 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.98);
  EXPECT_LT(bottleneck.unevenness(), 0.2);
}

TEST(DelayControl, LearnsThatTheLineHasBecomeLonger) {
  auto bottleneck = shared(1);
  bottleneck.run_for(100 * ms);
  bottleneck.line().round_trip_ns += 400 * us;
  settle(bottleneck, CongestionConfig{}.lowest_kept_ns);
  bottleneck.run_for(100 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.9);
}

TEST(DelayControl, DoesNotGiveWayForOneSampleThatIsAThousandTimesTooLong) {
  auto bottleneck = shared(1);
  bottleneck.run_for(20 * ms);
  const std::uint32_t before = bottleneck.sender(0).control().window_packets();
  bottleneck.stretch_next_sample(1000);
  settle(bottleneck, 0);
  for (int i = 0; i < 20; ++i) {
    bottleneck.run_for(100 * us);
    EXPECT_GT(bottleneck.sender(0).control().window_packets(), 0.95 * before);
  }
  EXPECT_GT(bottleneck.utilization(), 0.999);
}

TEST(DelayControl, GivesWayByHalfAtMostAndForTwoRoundsOfLateSamplesOnly) {
  TimeNs now = 1 * ms;
  const auto control = in_use(now);
  ASSERT_EQ(control->window_packets(), 100U);
  for (int i = 0; i < 6; ++i) control->on_acknowledged(now += us, 1, RoundTrip{10 * ms}, 1);
  EXPECT_EQ(control->window_packets(), 100U);
  for (int i = 0; i < 6; ++i) control->on_acknowledged(now += us, 1, RoundTrip{10 * ms}, 1);
  EXPECT_EQ(control->window_packets(), 50U);
}

TEST(DelayControl, TakesNoEndThatWasAwayForAQueue) {
  TimeNs now = 1 * ms;
  const auto control = in_use(now);
  const auto rounds = [&](int packets, RoundTrip round_trip) {
    for (int i = 0; i < packets; ++i) control->on_acknowledged(now += us, 1, round_trip, 1);
  };
  rounds(40, {.ns = 10 * ms, .away_ns = 10 * ms - 100 * us});
  rounds(40, {.ns = 10 * ms, .away_ns = 20 * ms});  // it was away before the packet came as well
  EXPECT_EQ(control->window_packets(), 100U);
  rounds(12, {.ns = 10 * ms, .away_ns = 2 * ms});
  EXPECT_LE(control->window_packets(), 50U);
}

TEST(DelayControl, DoesNotLearnTheLineFromThoseWhoWereAway) {
  TimeNs now = 1 * ms;
  const auto control = in_use(now);
  control->on_acknowledged(now += us, 1, RoundTrip{.ns = 100 * us, .away_ns = 99 * us}, 1);
  for (int i = 0; i < 40; ++i)
    control->on_acknowledged(now += ms, 100, RoundTrip{.ns = 199 * us}, 100);
  EXPECT_EQ(control->window_packets(), 100U);
}

TEST(DelayControl, JudgesARoundThoughMostOfItIsLost) {
  TimeNs now = 1 * ms;
  const auto control = in_use(now);
  control->on_acknowledged(now += us, 1, RoundTrip{100 * us}, 100);
  control->on_lost(now, 60);
  control->on_acknowledged(now += us, 39, RoundTrip{100 * us}, 39);
  EXPECT_LT(control->window_packets(), 75U);
}

TEST(DelayControl, DoesNotGrowBeyondTwiceWhatIsUsed) {
  Bottleneck bottleneck({});
  bottleneck.add(start_at(8), 20);
  bottleneck.run_for(50 * ms);
  EXPECT_LE(bottleneck.sender(0).control().window_packets(), 42U);
  bottleneck.set_application(0, UINT32_MAX);
  settle(bottleneck, 3 * ms);
  bottleneck.run_for(3 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.95);
}

TEST(DelayControl, FillsALineWhoseReceiverAcknowledgesManyAtOnce) {
  Line line;
  line.poll_ns = 50 * us;
  auto bottleneck = shared(1, line);
  settle(bottleneck, 50 * ms);
  bottleneck.run_for(100 * ms);
  EXPECT_GT(bottleneck.utilization(), 0.98);
  EXPECT_LT(bottleneck.queue_packets_mean(), line_packets + margin_packets);
}

TEST(DelayControl, ShrinksALittleAfterOneTimeoutAndToAFewAfterThree) {
  const auto control = make_congestion_control(start_at(100));
  control->on_acknowledged(1 * ms, 1, RoundTrip{100 * us}, 1);
  control->on_timeout(2 * ms);
  EXPECT_EQ(control->window_packets(), 75U);
  control->on_acknowledged(3 * ms, 1, std::nullopt, 1);  // the next is a first one again
  control->on_timeout(4 * ms);
  EXPECT_GE(control->window_packets(), 50U);
  control->on_timeout(5 * ms);
  control->on_timeout(6 * ms);
  EXPECT_EQ(control->window_packets(), 4U);
  for (TimeNs now = 7 * ms; now < 50 * ms; now += ms) control->on_timeout(now);
  EXPECT_EQ(control->window_packets(), 4U);
}

TEST(DelayControl, OutlivesAStartInWhichNoRoundTripCouldBeMeasured) {
  const auto control = make_congestion_control({});
  control->on_timeout(1 * ms);
  control->on_acknowledged(2 * ms, 1, std::nullopt, 32);
  control->on_lost(2 * ms, 31);
  control->on_acknowledged(3 * ms, 1, std::nullopt, 1);
  EXPECT_EQ(control->window_packets(), 24U);
  for (TimeNs now = 4 * ms; now < 40 * ms; now += 100 * us) {
    const std::uint32_t window = control->window_packets();
    control->on_acknowledged(now, window, RoundTrip{100 * us}, window);
  }
  EXPECT_GT(control->window_packets(), 100U);
}

}  // namespace
}  // namespace muster
