// What a send window lets go, and what it keeps. What it retransmits: loss_recovery_test.cc.
#include <gtest/gtest.h>

#include "tests/cluster/messaging/tested_window.h"

namespace muster::test {
namespace {

TEST(SendWindow, KeepsPacketsUntilTheyAreAcknowledgedCumulatively) {
  TestedWindow sender;
  EXPECT_EQ(sender.send(0, 4), range(1, 4));
  EXPECT_TRUE(sender.acknowledge(1000, 0, {2, 3}));
  EXPECT_EQ(sender.port.alive(), 4U);
  EXPECT_EQ(sender.route.in_flight, 2U);
  EXPECT_TRUE(sender.acknowledge(1000, 3));
  EXPECT_EQ(sender.port.alive(), 1U);
  EXPECT_EQ(sender.window->messages_acknowledged(), 3U);
  EXPECT_TRUE(sender.acknowledge(1000, 4));
  EXPECT_EQ(sender.port.alive(), 0U);
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(sender.window->deadline(), never_ns);
  EXPECT_EQ(sender.window->messages_acknowledged(), 4U);
  EXPECT_EQ(sender.allowance->acknowledged, 4U);
}

TEST(SendWindow, QueuesWhatTheWindowDoesNotLetGo) {
  TestedWindow sender(4, 4);
  sender.push(8);
  EXPECT_TRUE(sender.window->full());
  EXPECT_EQ(sender.transmit(0), range(1, 4));
  EXPECT_EQ(sender.window->waiting(), 4U);
  EXPECT_FALSE(sender.window->sendable());
  EXPECT_TRUE(sender.acknowledge(1000, 2));
  EXPECT_FALSE(sender.window->full());
  EXPECT_TRUE(sender.window->sendable());
  EXPECT_EQ(sender.transmit(1000), range(5, 6));
  EXPECT_TRUE(sender.acknowledge(2000, 6));
  EXPECT_EQ(sender.transmit(2000), range(7, 8));
  EXPECT_EQ(sender.window->waiting(), 0U);
}

TEST(SendWindow, ReleasesWhatWaitsWhenItEnds) {
  TestedWindow sender(4, 4);
  sender.push(8);
  sender.transmit(0);
  sender.acknowledge(1000, 0, {2});
  EXPECT_EQ(sender.port.alive(), 8U);
}

TEST(SendWindow, SendsNoMoreAtATimeThanItIsTold) {
  TestedWindow sender;
  sender.push(5);
  EXPECT_EQ(sender.transmit(0, 2), range(1, 2));
  EXPECT_EQ(sender.transmit(0, 2), range(3, 4));
  EXPECT_EQ(sender.transmit(0, 2), range(5, 5));
}

TEST(SendWindow, NeverExceedsTheCongestionWindow) {
  TestedWindow sender;
  sender.allowance->packets = 3;
  EXPECT_EQ(sender.send(0, 10), range(1, 3));
  EXPECT_TRUE(sender.acknowledge(1000, 0, {2, 3}));  // room for two again, though 1 is missing
  EXPECT_EQ(sender.transmit(1000), range(4, 5));
  sender.route.in_flight += 1;  // of another channel
  EXPECT_TRUE(sender.acknowledge(2000, 3));
  EXPECT_EQ(sender.transmit(2000), Sequences{});
  sender.route.in_flight -= 1;
  EXPECT_EQ(sender.transmit(2000), range(6, 6));
}

TEST(SendWindow, ClosesWhenThePeersCreditIsUsed) {
  TestedWindow sender;
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(1000, 1, {}, 2));
  EXPECT_EQ(sender.send(1000, 5), range(2, 3));
}

// docs/protocol.md §7.3.
TEST(SendWindow, SendsAPeerWithoutRoomOnePacketAlone) {
  TestedWindow sender;
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(1000, 1, {}, 0));
  EXPECT_EQ(sender.send(1000, 3), range(2, 2));
  EXPECT_FALSE(sender.window->sendable());
}

TEST(SendWindow, IsNeverLargerThanItsOwnLimitWhateverThePeerGrants) {
  TestedWindow sender(64, 256);
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(1000, 1, {}, 65535));
  EXPECT_EQ(sender.send(1000, 200), range(2, 65));
}

class SendWindowOf : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SendWindowOf, GoesRoundAndRoundInOrder) {
  const auto window = static_cast<int>(GetParam());
  TestedWindow sender(GetParam(), 1);
  Sequence first = 1;
  for (int round = 0; round < 5; ++round, first += window) {
    EXPECT_EQ(sender.send(0, window), range(first, first + window - 1));
    EXPECT_FALSE(sender.window->sendable());
    EXPECT_EQ(sender.route.in_flight, GetParam());
    const Sequence half = first + window / 2;
    EXPECT_TRUE(sender.acknowledge(1000, half - 1, {}, 1024));
    EXPECT_EQ(sender.route.in_flight, static_cast<std::uint32_t>(first + window - half));
    EXPECT_TRUE(sender.acknowledge(1000, first + window - 1, {}, 1024));
    EXPECT_EQ(sender.route.in_flight, 0U);
    EXPECT_EQ(sender.port.alive(), 0U);
  }
  EXPECT_EQ(sender.stats.packets_retransmitted, 0U);
}

TEST_P(SendWindowOf, LosesAllOfItAndFindsItAgain) {
  const auto window = static_cast<int>(GetParam());
  for (const Sequence first : {Sequence{1}, sequence_period - window / 2}) {
    TestedWindow sender(GetParam(), 1, first);
    const Sequence last = first + window - 1;
    sender.send(0, window);
    const Sequences probes = sender.time_out();
    EXPECT_EQ(probes, first == last ? range(first, first) : (Sequences{first, last}));
    // The newest has arrived: it overtook all that was sent before.
    TimeNs now = sender.window->deadline() - 1;
    if (window > 2) {
      EXPECT_TRUE(sender.acknowledge(now, first, {last}, 1024));
      EXPECT_EQ(sender.transmit(now), range(first + 1, last - 1));
      EXPECT_EQ(sender.allowance->lost, GetParam() - 2);
    }
    EXPECT_TRUE(sender.acknowledge(now, last, {}, 1024));
    EXPECT_EQ(sender.window->under_way(), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Packets, SendWindowOf, testing::Values(1, 2, 64, 1000, 1024));

TEST(SendWindow, TakesNoSampleOfARetransmittedPacket) {
  TestedWindow sender;
  sender.send(0, 1);
  sender.time_out();
  EXPECT_TRUE(sender.acknowledge(20 * ms, 1));
  EXPECT_EQ(sender.route.round_trip.smoothed_ns(), std::nullopt);
  sender.send(30 * ms, 1);
  EXPECT_TRUE(sender.acknowledge(30 * ms + 5000, 2));
  EXPECT_EQ(sender.route.round_trip.smoothed_ns(), 5000U);
}

// They had arrived long ago, and the word of it was lost: it comes with the answer to a probe.
TEST(SendWindow, TakesNoSampleOfWhatWasSentBeforeTheRetransmissionThatTellsOfIt) {
  TestedWindow sender;
  sender.send(0, 4);
  EXPECT_EQ(sender.time_out(), (Sequences{1, 4}));
  EXPECT_TRUE(sender.acknowledge(20 * ms, 4));
  EXPECT_EQ(sender.route.round_trip.smoothed_ns(), std::nullopt);
  EXPECT_EQ(sender.allowance->round_trip, std::nullopt);
}

TEST(SendWindow, TakesOneSampleOfAPacketWhenItFirstHearsOfIt) {
  TestedWindow sender;
  sender.send(0, 2);
  EXPECT_TRUE(sender.acknowledge(8000, 0, {2}));
  EXPECT_EQ(sender.route.round_trip.smoothed_ns(), 8000U);
  EXPECT_TRUE(sender.acknowledge(9 * us, 1));
  EXPECT_EQ(sender.route.round_trip.smoothed_ns(), 8125U);
  EXPECT_TRUE(sender.acknowledge(5 * ms, 2));  // the application took its time
  EXPECT_EQ(sender.route.round_trip.smoothed_ns(), 8125U);
}

TEST(SendWindow, RefusesAcknowledgementsOfWhatWasNeverSent) {
  TestedWindow sender;
  sender.send(0, 5);
  sender.push(3);  // wait, and have not been sent either
  EXPECT_TRUE(sender.acknowledge(1000, 2));
  const TimeNs deadline = sender.window->deadline();
  EXPECT_FALSE(sender.acknowledge(2000, 6, {}, 1));
  EXPECT_FALSE(sender.acknowledge(2000, 2, {4, 6}, 1));
  EXPECT_FALSE(sender.acknowledge(2000, 1, {60}, 1));
  EXPECT_FALSE(sender.acknowledge(2000, 2, {2 + 16 * 64}, 1));
  EXPECT_FALSE(sender.acknowledge(2000, 1000, {}, 1));
  EXPECT_FALSE(sender.acknowledge(2000, 0x9000'0000, {}, 1));
  EXPECT_EQ(sender.window->under_way(), 3U);
  EXPECT_EQ(sender.route.in_flight, 3U);
  EXPECT_EQ(sender.window->deadline(), deadline);
  EXPECT_EQ(sender.route.round_trip.smoothed_ns(), 1000U);
  EXPECT_EQ(sender.transmit(2000), range(6, 8));  // the credit of 1 was not taken
}

TEST(SendWindow, IgnoresAnAcknowledgementThatWasOvertaken) {
  TestedWindow sender;
  sender.send(0, 5);
  EXPECT_TRUE(sender.acknowledge(1000, 3));
  EXPECT_TRUE(sender.acknowledge_in(0, 2000, 1, {3}, 0));
  EXPECT_EQ(sender.window->under_way(), 2U);
  EXPECT_EQ(sender.send(2000, 1), range(6, 6));
}

// A packet that is retransmitted says again what it said when it was first sent.
TEST(SendWindow, TheNewestPacketSaysWhatCreditThereIs) {
  TestedWindow sender;
  sender.send(0, 3);
  EXPECT_TRUE(sender.acknowledge_in(7, 1000, 3, {}, 10));
  EXPECT_TRUE(sender.acknowledge_in(5, 2000, 3, {}, 0));
  EXPECT_EQ(sender.send(2000, 12), range(4, 13));
  EXPECT_TRUE(sender.acknowledge_in(9, 3000, 3, {}, 0));  // and the newer one may take it back
  EXPECT_TRUE(sender.acknowledge_in(8, 3000, 3, {4}, 12));
  EXPECT_EQ(sender.transmit(3000), Sequences{});
  EXPECT_TRUE(sender.acknowledge_in(10, 4000, 3, {}, 12));
  EXPECT_EQ(sender.transmit(4000), range(14, 15));
}

}  // namespace
}  // namespace muster::test
