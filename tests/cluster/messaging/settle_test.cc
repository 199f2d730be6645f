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

  Pair pair{uncontrolled()};
};

TEST_F(Settle, ComesAfterTheNextTransmit) {
  const Bytes answer = answered(0);
  pair.a.receive(5000, answer);
  pair.a.messaging.transmit(5000);
  EXPECT_FALSE(pair.a.messaging.settle());
  EXPECT_EQ(held(), 1U);
  EXPECT_EQ(pair.a.messaging.next_deadline(), 5001U);
  pair.a.messaging.transmit(5001);
  EXPECT_TRUE(pair.a.messaging.settle());
  EXPECT_EQ(held(), 0U);
  EXPECT_GT(pair.a.messaging.next_deadline(), 5001U);
  EXPECT_EQ(pair.a.messaging.round_trip_ns(pair.b.key.id), 5000U);  // by when it came
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

TEST_F(Settle, TheLastSaysWhatTheOnesBeforeItSaid) {
  const Bytes first = answered(0);
  const Bytes second = answered(10 * us);
  pair.a.receive(20 * us, second);
  pair.a.receive(20 * us, first);  // overtaken
  pair.a.messaging.settle();
  pair.a.messaging.settle();
  EXPECT_EQ(held(), 0U);
}

/// The peer has said in time that it came.
TEST_F(Settle, ComesBeforeATimeout) {
  pair.a.receive(1000, answered(0));
  pair.a.messaging.on_deadline(10 * second);
  pair.a.messaging.on_deadline(20 * second);
  EXPECT_EQ(pair.a.transmit(20 * second).size(), 0U);
  EXPECT_EQ(held(), 0U);
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
