// Acknowledgements that nothing waits for are taken in after the answer has gone.
#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

struct Settle : testing::Test {
  std::size_t held(ChannelId channel = 0) {
    return pair.a.messaging.packets_to_send({pair.b.key, channel});
  }
  /// One message from a on this channel has come to b; what b answers to it.
  Bytes answered(TimeNs now, ChannelId channel = 0) {
    pair.a.say(pair.b, "ping", channel);
    pair.b.hear(now, pair.a.transmit(now));
    return pair.b.transmit(now).at(0).bytes;
  }
  bool cycle(TimeNs now) {
    pair.a.messaging.transmit(now);
    return pair.a.messaging.settle(now);
  }
  TimeNs due() { return pair.a.messaging.next_deadline(); }

  Pair pair{uncontrolled()};
};

TEST_F(Settle, ComesAfterTheNextTransmit) {
  const Bytes answer = answered(0);
  pair.a.receive(5000, answer);
  EXPECT_FALSE(cycle(5000));
  EXPECT_EQ(held(), 1U);
  EXPECT_EQ(due(), 5001U);
  EXPECT_TRUE(cycle(7000));
  EXPECT_EQ(held(), 0U);
  EXPECT_EQ(pair.a.messaging.round_trip_ns(pair.b.key.id), 5000U);  // by when it came
}

/// What has room now is not left until something else is due.
TEST_F(Settle, IsFollowedByOneMoreCycle) {
  pair.a.receive(5000, answered(0));
  cycle(5000);
  cycle(7000);
  EXPECT_EQ(due(), 7001U);
  cycle(8000);
  EXPECT_GT(due(), 100 * us);
}

TEST_F(Settle, OfEachChannelWaitsForACycle) {
  const Bytes first = answered(0, 1);
  const Bytes second = answered(0, 2);
  pair.a.receive(1000, first);
  cycle(1000);
  pair.a.receive(2000, second);
  cycle(2000);
  EXPECT_EQ(held(1), 0U);
  EXPECT_EQ(held(2), 1U);
  EXPECT_EQ(due(), 2001U);
  cycle(3000);
  EXPECT_EQ(held(2), 0U);
}

TEST_F(Settle, IsNotWaitedForWhereSomethingIsToBeSent) {
  MessagingConfig narrow = uncontrolled();
  narrow.window_packets = 1;
  Pair two(narrow);
  two.a.say(two.b, "1");
  two.a.say(two.b, "2");
  two.b.hear(0, two.a.transmit(0));
  two.a.receive(10, two.b.transmit(0).at(0).bytes);
  two.b.hear(20, two.a.transmit(10));
  EXPECT_EQ(two.b.application.messages(), (Strings{"1", "2"}));
}

/// Other channels, and topics, wait for the same way.
TEST_F(Settle, IsNotWaitedForWhereTheWayIsFull) {
  Pair two;
  const Route& route = *two.a.messaging.route(two.b.key.id);
  while (route.open()) {
    two.a.say(two.b, "1", 1);
    two.a.messaging.transmit(0);
  }
  two.a.say(two.b, "2", 2);
  two.b.hear(0, two.a.port.take_transmitted());
  for (const auto& datagram : two.b.transmit(0)) two.a.receive(10, datagram.bytes);
  two.b.hear(10, two.a.transmit(10));
  EXPECT_EQ(two.b.application.messages(2), Strings{"2"});
}

TEST_F(Settle, TheLastSaysWhatTheOnesBeforeItSaid) {
  const Bytes first = answered(0);
  const Bytes second = answered(10 * us);
  pair.a.receive(20 * us, second);
  pair.a.receive(21 * us, first);  // overtaken
  cycle(21 * us);
  cycle(22 * us);
  EXPECT_EQ(held(), 0U);
  EXPECT_EQ(pair.a.messaging.round_trip_ns(pair.b.key.id), 10 * us);
}

TEST_F(Settle, ComesBeforeATellingOneThatWasOvertaken) {
  for (const char* ping : {"1", "2", "3", "4", "5", "6"}) pair.a.say(pair.b, ping);
  auto sent = pair.a.transmit(0);
  const auto late = sent.front();
  sent.erase(sent.begin());
  pair.b.hear(0, sent);
  const auto gap = pair.b.transmit(0);
  pair.b.hear(10, late.bytes);
  const auto all = pair.b.transmit(10);
  for (const auto& datagram : all) pair.a.receive(20, datagram.bytes);
  for (const auto& datagram : gap) pair.a.receive(30, datagram.bytes);
  EXPECT_EQ(pair.a.transmit(40).size(), 0U);
  EXPECT_EQ(pair.a.stats().packets_retransmitted, 0U);
}

/// The peer has said in time that it came.
TEST_F(Settle, ComesBeforeATimeout) {
  pair.a.receive(1000, answered(0));
  EXPECT_TRUE(pair.a.messaging.on_deadline(10 * second));
  pair.a.messaging.on_deadline(20 * second);
  EXPECT_EQ(pair.a.transmit(20 * second).size(), 0U);
  EXPECT_EQ(held(), 0U);
}

/// The application took its time between what it heard and what it says.
TEST_F(Settle, GivesWhatIsSentMeanwhileItsWholeTimeout) {
  for (TimeNs now = 0; now < ms; now += 100 * us) pair.a.hear(now, answered(now));
  pair.a.receive(ms, answered(ms));
  cycle(ms);
  const TimeNs later = ms + 300 * us;  // the timeout is 200 us
  pair.a.say(pair.b, "again");
  cycle(later);
  pair.a.messaging.on_deadline(later);
  EXPECT_EQ(pair.a.stats().packets_retransmitted, 0U);
  EXPECT_GT(due(), later);
}

TEST_F(Settle, ComesBeforeTheSessionEnds) {
  pair.a.receive(1000, answered(0));
  pair.a.messaging.remove_peer(pair.b.key.id);
  EXPECT_TRUE(pair.a.application.undelivered.empty());
}

/// Later packets on other channels do not make one lost of which it is known that it has come.
TEST_F(Settle, ComesBeforeAnythingCountsAsLost) {
  MessagingConfig narrow = uncontrolled();
  narrow.window_packets = 4;
  Pair two(narrow);
  two.a.say(two.b, "first", 1);
  two.b.hear(0, two.a.transmit(0));
  two.a.receive(10, two.b.transmit(0).at(0).bytes);
  for (int i = 0; i < 5; ++i) two.a.say(two.b, "later", 2);
  two.b.hear(20, two.a.transmit(20));
  for (const auto& datagram : two.b.transmit(20)) two.a.receive(30, datagram.bytes);
  EXPECT_EQ(two.a.transmit(30).size(), 1U);  // the fifth
  EXPECT_EQ(two.a.stats().packets_retransmitted, 0U);
}

}  // namespace
}  // namespace muster::test
