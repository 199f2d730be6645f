// What a send window retransmits, and when (docs/protocol.md §7.4).
#include <gtest/gtest.h>

#include "tests/cluster/messaging/tested_window.h"

namespace muster::test {
namespace {

TEST(LossRecovery, RetransmitsOnceWhatThreeLaterOnesHaveOvertaken) {
  TestedWindow sender;
  sender.send(0, 6);
  EXPECT_TRUE(sender.acknowledge(1000, 1, {3, 4}));
  EXPECT_EQ(sender.transmit(1000), Sequences{});
  EXPECT_TRUE(sender.acknowledge(1000, 1, {3, 4, 5}));
  EXPECT_EQ(sender.route.in_flight, 1U);  // 6: what is lost is not under way
  EXPECT_EQ(sender.transmit(1000), Sequences{2});
  EXPECT_EQ(sender.route.in_flight, 2U);
  EXPECT_TRUE(sender.acknowledge(1000, 1, {3, 4, 5, 6}));
  EXPECT_EQ(sender.transmit(1000), Sequences{});
  EXPECT_EQ(sender.stats.packets_retransmitted, 1U);
  EXPECT_EQ(sender.allowance->lost, 1U);
}

TEST(LossRecovery, RetransmitsSeveralHolesTheOldestFirst) {
  TestedWindow sender;
  sender.send(0, 9);
  EXPECT_TRUE(sender.acknowledge(1000, 0, {2, 4, 6, 8}));
  EXPECT_EQ(sender.transmit(1000), (Sequences{1, 3, 5}));
}

TEST(LossRecovery, NeverExceedsTheCongestionWindow) {
  TestedWindow sender;
  sender.send(0, 9);
  sender.allowance->packets = 2;
  EXPECT_TRUE(sender.acknowledge(1000, 0, {2, 4, 6, 8, 9}));  // 7 is under way still
  EXPECT_EQ(sender.transmit(1000), Sequences{1});
  EXPECT_FALSE(sender.window->sendable());
  EXPECT_TRUE(sender.acknowledge(2000, 2, {4, 6, 8, 9}));
  EXPECT_EQ(sender.transmit(2000), (Sequences{3, 5}));
}

TEST(LossRecovery, GoesBeforeWhatIsNew) {
  TestedWindow sender;
  sender.send(0, 5);
  EXPECT_TRUE(sender.acknowledge(1000, 0, {3, 4, 5}));
  sender.push(2);
  EXPECT_EQ(sender.transmit(1000, 3), (Sequences{1, 2, 6}));
}

TEST(LossRecovery, FindsALostRetransmissionWithoutATimeout) {
  TestedWindow sender;
  sender.send(0, 4);
  EXPECT_TRUE(sender.acknowledge(1000, 0, {2, 3, 4}));
  EXPECT_EQ(sender.transmit(1000), Sequences{1});
  Sequences arrived = range(2, 4);
  // It is lost again and again, and three that were sent later arrive each time.
  for (TimeNs now = 1000; now < 5000; now += 1000) {
    const Sequence last = arrived.back();
    EXPECT_EQ(sender.send(now, 3), range(last + 1, last + 3));
    arrived = range(2, last + 2);
    EXPECT_TRUE(sender.acknowledge(now + 1000, 0, arrived));
    EXPECT_EQ(sender.transmit(now + 1000), Sequences{});
    arrived = range(2, last + 3);
    EXPECT_TRUE(sender.acknowledge(now + 1000, 0, arrived));
    EXPECT_EQ(sender.transmit(now + 1000), Sequences{1});
  }
  EXPECT_EQ(sender.stats.packets_retransmitted, 5U);
}

TEST(LossRecovery, RetransmissionsOvertakeAsWell) {
  TestedWindow sender;
  sender.send(0, 9);
  EXPECT_TRUE(sender.acknowledge(1000, 0, {7, 8, 9}));
  EXPECT_EQ(sender.transmit(1000), range(1, 6));
  EXPECT_TRUE(sender.acknowledge(2000, 0, {2, 3, 4, 7, 8, 9}));  // and 1 is lost again
  EXPECT_EQ(sender.transmit(2000), Sequences{1});
}

// The first transmission was late, not lost: what answers it says nothing of the second.
TEST(LossRecovery, AnAnswerThatComesTooSoonIsNotOfTheRetransmission) {
  TestedWindow sender;
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(10'000, 1));  // the round trip
  sender.send(10'000, 8);
  EXPECT_TRUE(sender.acknowledge(20'000, 1, {3, 4, 5}));
  EXPECT_EQ(sender.transmit(20'000), Sequences{2});
  EXPECT_TRUE(sender.acknowledge(21'000, 5));
  EXPECT_EQ(sender.transmit(21'000), Sequences{});  // 6 to 9 were not overtaken
  EXPECT_EQ(sender.allowance->lost, 1U);
}

TEST(LossRecovery, ABurstThatLostAWholeWindowCostsOneTimeout) {
  TestedWindow sender(1024, 1024);
  sender.route.round_trip.sample(ms);
  sender.send(0, 1024);
  EXPECT_EQ(sender.time_out(), (Sequences{1, 1024}));
  EXPECT_EQ(sender.route.in_flight, 1024U);
  EXPECT_TRUE(sender.acknowledge(20 * ms, 1, {1024}, 1024));
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(sender.transmit(20 * ms), range(2, 1023));
  EXPECT_EQ(sender.route.in_flight, 1022U);
  EXPECT_EQ(sender.allowance->timeouts, 1U);
  EXPECT_TRUE(sender.acknowledge(30 * ms, 1024, {}, 1024));
}

// A line that has become much shorter, a window that is closed, and a receiver that takes only the
// next packet: no answer tells of the others, and none is overtaken.
TEST(LossRecovery, GivesUpWhatNothingTellsOfThoughProbesAreAnswered) {
  TestedWindow sender(1024, 1024);
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(4 * ms, 1));  // the round trip
  sender.send(4 * ms, 50);
  sender.allowance->packets = 1;
  TimeNs now = sender.window->deadline();
  EXPECT_EQ(sender.time_out(), (Sequences{2, 51}));
  EXPECT_TRUE(sender.acknowledge(now + 10 * us, 2, {}, 1024));
  EXPECT_EQ(sender.route.in_flight, 49U);
  now = sender.window->deadline();
  EXPECT_EQ(sender.time_out(), (Sequences{3, 51}));
  EXPECT_EQ(sender.route.in_flight, 0U);
  for (Sequence next = 3; next < 51; ++next) {
    EXPECT_TRUE(sender.acknowledge(now += 10 * us, next, {}, 1024));
    EXPECT_EQ(sender.transmit(now), Sequences{next + 1});
  }
  EXPECT_TRUE(sender.acknowledge(now += 10 * us, 51, {}, 1024));
}

TEST(LossRecovery, ProbesWithTheOldestAndTheNewestThatThePeerMayLack) {
  TestedWindow sender;
  sender.allowance->packets = 8;
  sender.send(0, 8);
  EXPECT_TRUE(sender.acknowledge(1000, 2, {3, 5, 8}));
  EXPECT_EQ(sender.transmit(1000), Sequences{4});
  sender.allowance->packets = 0;  // whatever it allows
  EXPECT_EQ(sender.time_out(), (Sequences{4, 7}));
  EXPECT_EQ(sender.allowance->timeouts, 1U);
  EXPECT_EQ(sender.route.in_flight, 3U);
}

TEST(LossRecovery, ProbesWithOneWhereOneIsMissing) {
  TestedWindow sender;
  sender.send(0, 3);
  EXPECT_TRUE(sender.acknowledge(1000, 0, {2, 3}));
  EXPECT_EQ(sender.time_out(), Sequences{1});
  EXPECT_EQ(sender.route.in_flight, 1U);
}

TEST(LossRecovery, AProbeOfWhatIsLostCountsAsUnderWayAgain) {
  TestedWindow sender;
  sender.send(0, 8);
  sender.allowance->packets = 0;
  EXPECT_TRUE(sender.acknowledge(1000, 0, {6, 7, 8}));
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(sender.time_out(), (Sequences{1, 5}));
  EXPECT_EQ(sender.route.in_flight, 2U);
  sender.allowance->packets = 100;
  EXPECT_EQ(sender.transmit(2 * ms), range(2, 4));
  EXPECT_EQ(sender.route.in_flight, 5U);
}

TEST(LossRecovery, BacksOffAtEachTimeoutUpToTheLimit) {
  TestedWindow sender;
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(10 * us, 1));
  sender.send(1 * ms, 1);
  EXPECT_EQ(sender.window->deadline(), 1100 * us);
  EXPECT_EQ(sender.time_out(), Sequences{2});
  EXPECT_EQ(sender.window->deadline(), 1300 * us);
  EXPECT_EQ(sender.time_out(), Sequences{2});
  EXPECT_EQ(sender.window->deadline(), 1700 * us);
  for (int i = 0; i < 100; ++i) sender.time_out();
  const TimeNs now = sender.window->deadline();
  sender.time_out();
  EXPECT_EQ(sender.window->deadline(), now + 100 * ms);
}

TEST(LossRecovery, EachProgressStartsTheTimerAgain) {
  TestedWindow sender;
  sender.send(0, 3);
  EXPECT_TRUE(sender.acknowledge(10 * us, 1));
  EXPECT_EQ(sender.window->deadline(), 110 * us);
  EXPECT_TRUE(sender.acknowledge(50 * us, 2));
  EXPECT_EQ(sender.window->deadline(), 150 * us);
  EXPECT_TRUE(sender.acknowledge(80 * us, 2));  // nothing new
  EXPECT_EQ(sender.window->deadline(), 150 * us);
}

// RFC 6298, 5.5 and section 3: were it shorter, the next might be sent twice as well, and so on.
TEST(LossRecovery, KeepsTheTimeoutThatWasLongEnoughUntilARoundTripIsMeasured) {
  TestedWindow sender;
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(10 * us, 1));
  sender.send(1 * ms, 1);
  sender.time_out();
  sender.time_out();
  EXPECT_TRUE(sender.acknowledge(2 * ms, 2));
  sender.send(2 * ms, 1);
  EXPECT_EQ(sender.window->deadline(), 2 * ms + 400 * us);
  sender.time_out();
  EXPECT_EQ(sender.window->deadline(), 2 * ms + 1200 * us);
  EXPECT_TRUE(sender.acknowledge(3 * ms, 3));
  sender.send(3 * ms, 1);
  EXPECT_EQ(sender.window->deadline(), 3 * ms + 800 * us);
  EXPECT_TRUE(sender.acknowledge(3 * ms + 10 * us, 4));
  sender.send(4 * ms, 1);
  EXPECT_EQ(sender.window->deadline(), 4 * ms + 100 * us);
}

/// What the others on the route need: neither what was under way counts any more nor the probes.
TEST(LossRecovery, HasNothingUnderWayAfterTwoTimeoutsUntilSomethingIsHeard) {
  TestedWindow sender;
  sender.send(0, 8);
  EXPECT_TRUE(sender.acknowledge(10 * us, 1));
  sender.push(3);
  EXPECT_EQ(sender.time_out(), (Sequences{2, 8}));
  EXPECT_EQ(sender.route.in_flight, 7U);
  EXPECT_EQ(sender.time_out(), (Sequences{2, 8}));
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_FALSE(sender.window->sendable());
  EXPECT_EQ(sender.time_out(), (Sequences{2, 8}));
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(sender.allowance->timeouts, 3U);
  EXPECT_TRUE(sender.acknowledge(10 * ms, 2, {8}));
  EXPECT_EQ(sender.transmit(10 * ms), (Sequences{3, 4, 5, 6, 7, 9, 10, 11}));
  EXPECT_TRUE(sender.acknowledge(11 * ms, 11));
}

/// What is sent later on the same way comes through.
TEST(LossRecovery, DoesNotBlameALineThatIsNotSilent) {
  TestedWindow sender;
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(10 * us, 1));
  sender.send(10 * us, 1);
  sender.time_out();
  sender.time_out();
  EXPECT_EQ(sender.allowance->timeouts, 2U);
  sender.route.heard_turn = ++sender.route.turns;  // of another channel
  EXPECT_EQ(sender.time_out(), Sequences{2});
  EXPECT_EQ(sender.allowance->timeouts, 2U);
  sender.time_out();
  EXPECT_EQ(sender.allowance->timeouts, 3U);
}

// Where nothing is measured yet the timeout is a guess.
TEST(LossRecovery, BlamesTheLineOnlyForWhatIsLaterThanMeasured) {
  TestedWindow sender;
  sender.send(0, 1);
  sender.time_out();
  sender.time_out();
  EXPECT_EQ(sender.allowance->timeouts, 0U);
  EXPECT_TRUE(sender.acknowledge(50 * ms, 1));
  sender.send(50 * ms, 1);
  EXPECT_TRUE(sender.acknowledge(80 * ms, 2));
  sender.send(80 * ms, 1);
  sender.time_out();
  EXPECT_EQ(sender.allowance->timeouts, 1U);
}

// The peer had all of it, and its application took it in the end.
TEST(LossRecovery, RoomAfterALongWaitEndsTheBackOff) {
  TestedWindow sender;
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(10 * us, 1));
  sender.send(20 * us, 2);
  EXPECT_TRUE(sender.acknowledge(30 * us, 1, {2, 3}, 0));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(sender.time_out(), Sequences{2});
  EXPECT_TRUE(sender.acknowledge(50 * ms, 3));
  sender.send(60 * ms, 1);
  EXPECT_EQ(sender.window->deadline(), 60 * ms + 100 * us);
}

// Was the word lost that it has room again?
TEST(LossRecovery, AsksAPeerThatHasAllAndNoRoomAgainAndAgain) {
  TestedWindow sender;
  sender.send(0, 2);
  EXPECT_TRUE(sender.acknowledge(1000, 0, {1 + 1}, 0));
  EXPECT_TRUE(sender.acknowledge(1000, 1, {2}, 0));
  sender.push(3);
  EXPECT_EQ(sender.transmit(1000), Sequences{});
  EXPECT_EQ(sender.time_out(), Sequences{2});
  EXPECT_EQ(sender.time_out(), Sequences{2});
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(sender.allowance->timeouts, 0U);  // the way is free
  EXPECT_TRUE(sender.acknowledge(50 * ms, 2));
  EXPECT_EQ(sender.transmit(50 * ms), range(3, 5));
}

// The peer's window is smaller than ours, which it had not said when all went out.
TEST(LossRecovery, DoesNotRepeatWhatThereNeverWasRoomFor) {
  TestedWindow sender;
  sender.send(0, 20);
  EXPECT_TRUE(sender.acknowledge(1000, 4, {}, 4));
  EXPECT_EQ(sender.time_out(), (Sequences{5, 20}));
  EXPECT_TRUE(sender.acknowledge(2000, 5, {}, 4));
  EXPECT_TRUE(sender.acknowledge(3000, 5, {}, 4));
  for (Sequence upto = 5; upto < 20; ++upto) {
    const TimeNs now = 100 * ms + static_cast<TimeNs>(upto) * ms;
    for (const Sequence sent : sender.time_out()) EXPECT_TRUE(sent <= upto + 4 || sent == 20);
    EXPECT_TRUE(sender.acknowledge(now, upto + 1, {}, 4));
    for (const Sequence sent : sender.transmit(now)) EXPECT_LE(sent, upto + 5);
  }
  EXPECT_EQ(sender.window->under_way(), 0U);
}

// Whoever comes late himself may not have read yet what was answered in time.
TEST(LossRecovery, ALoopThatIsItselfLateSparesOneTimeout) {
  TestedWindow sender;
  sender.send(0, 1);
  EXPECT_TRUE(sender.acknowledge(10 * us, 1));
  sender.send(1 * ms, 1);
  sender.window->on_deadline(5 * ms);
  EXPECT_EQ(sender.transmit(5 * ms), Sequences{});
  EXPECT_EQ(sender.stats.timeouts_spared, 1U);
  EXPECT_EQ(sender.window->deadline(), 5 * ms + 100 * us);
  sender.window->on_deadline(9 * ms);  // late again, and nothing was there to be read
  EXPECT_EQ(sender.transmit(9 * ms), Sequences{2});
  EXPECT_EQ(sender.stats.timeouts_spared, 1U);
  EXPECT_EQ(sender.allowance->timeouts, 1U);
}

TEST(LossRecovery, FindsEveryLossWhateverIsLost) {
  constexpr int window = 1000;
  for (int every = 2; every <= 500; every += 83) {
    TestedWindow sender(window, 1);
    sender.send(0, window);
    Sequences arrived;
    Sequences lost;
    for (Sequence at = 1; at <= window; ++at)
      (at % every == 0 && at <= window - 3 ? lost : arrived).push_back(at);
    EXPECT_TRUE(sender.acknowledge(1000, 0, arrived, window));
    EXPECT_EQ(sender.transmit(1000), lost);
    EXPECT_TRUE(sender.acknowledge(2000, window, {}, window));
  }
}

}  // namespace
}  // namespace muster::test
