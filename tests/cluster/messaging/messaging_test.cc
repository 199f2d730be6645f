#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

using Strings = std::vector<std::string>;

TEST(Messaging, DeliversWhatWasSentAndReleasesItOnceAcknowledged) {
  Pair pair;
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, "hello"), SendResult::sent);
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, ""), SendResult::sent);
  pair.settle(1000);
  EXPECT_EQ(pair.b.application.messages, (Strings{"hello", ""}));
  EXPECT_EQ(pair.a.port.alive(), 0U);
  EXPECT_EQ(pair.b.port.alive(), 0U);
  EXPECT_EQ(pair.a.stats().messages_sent, 2U);
  EXPECT_EQ(pair.b.stats().messages_delivered, 2U);
}

TEST(Messaging, SaysAtOnceWhenItCannotSend) {
  Pair pair;
  EXPECT_EQ(pair.a.say(0, MemberId{99}, "x"), SendResult::not_connected);
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, std::string(1472 - message_offset + 1, 'x')),
            SendResult::too_large);
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, std::string(1472 - message_offset, 'x')),
            SendResult::sent);
  for (int i = 1; i < 64; ++i) EXPECT_EQ(pair.a.say(0, pair.b.key.id, "x"), SendResult::sent);
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, "x"), SendResult::would_block);
  pair.settle(1000);
  EXPECT_EQ(pair.b.application.messages.size(), 64U);
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, "x"), SendResult::sent);
}

TEST(Messaging, AcknowledgesOnceForABurst) {
  Pair pair;
  for (int i = 0; i < 5; ++i) pair.a.say(0, pair.b.key.id, "x");
  pair.b.hear(0, pair.a.transmit());
  const auto answer = pair.b.transmit();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].to, pair.a.endpoint);
  EXPECT_EQ(session_of(answer[0].bytes).acknowledged, 5U);
  EXPECT_EQ(session_of(answer[0].bytes).sequence, 0U);
  EXPECT_EQ(pair.b.transmit().size(), 0U);
  EXPECT_EQ(pair.b.stats().acknowledgements_sent, 1U);
}

TEST(Messaging, DataCarriesTheAcknowledgement) {
  Pair pair;
  pair.a.say(0, pair.b.key.id, "ping");
  pair.b.hear(0, pair.a.transmit());
  pair.b.say(0, pair.a.key.id, "pong");
  const auto answer = pair.b.transmit();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(session_of(answer[0].bytes).acknowledged, 1U);
  EXPECT_EQ(session_of(answer[0].bytes).sequence, 1U);
}

TEST(Messaging, AcknowledgesADuplicateAgain) {
  Pair pair;
  pair.a.say(0, pair.b.key.id, "x");
  const auto sent = pair.a.transmit();
  pair.b.hear(0, sent);
  EXPECT_EQ(pair.b.transmit().size(), 1U);
  pair.b.hear(1000, sent);
  EXPECT_EQ(pair.b.transmit().size(), 1U);
  EXPECT_EQ(pair.b.application.messages, Strings{"x"});
  EXPECT_EQ(pair.b.stats().packets_duplicate, 1U);
}

TEST(Messaging, OwesTheAcknowledgementWhileThereIsNoPacketForIt) {
  Pair pair;
  pair.a.say(0, pair.b.key.id, "x");
  pair.b.hear(0, pair.a.transmit());
  pair.b.port.set_packets_max(0);
  EXPECT_EQ(pair.b.transmit().size(), 0U);
  pair.b.port.set_packets_max(4096);
  EXPECT_EQ(pair.b.transmit().size(), 1U);
}

TEST(Messaging, RetransmitsAtTheDeadlineWithBackOff) {
  Pair pair;
  EXPECT_EQ(pair.a.messaging.next_deadline(), never_ns);
  pair.a.say(0, pair.b.key.id, "x");
  const auto first = pair.a.transmit();
  ASSERT_EQ(pair.a.messaging.next_deadline(), 10 * ms);
  pair.a.messaging.on_deadline(10 * ms - 1);
  EXPECT_EQ(pair.a.transmit().size(), 0U);
  pair.a.messaging.on_deadline(10 * ms);
  const auto second = pair.a.transmit();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].bytes, first[0].bytes);
  EXPECT_EQ(pair.a.messaging.next_deadline(), 30 * ms);
  pair.b.hear(20 * ms, second);
  pair.settle(20 * ms);
  pair.a.messaging.on_deadline(30 * ms);
  EXPECT_EQ(pair.a.messaging.next_deadline(), never_ns);
  EXPECT_EQ(pair.a.stats().packets_retransmitted, 1U);
}

TEST(Messaging, TheDeadlineComesEarlierWhenTheTimeoutShrinks) {
  Pair pair;
  for (int i = 0; i < 2; ++i) pair.a.say(0, pair.b.key.id, "x");
  auto sent = pair.a.transmit();
  ASSERT_TRUE(pair.b.hear(0, sent[0].bytes));
  pair.a.hear(10 * us, pair.b.transmit());
  EXPECT_EQ(pair.a.messaging.next_deadline(), 210 * us);
}

TEST(Messaging, MeasuresTheRoundTrip) {
  Pair pair;
  EXPECT_EQ(pair.a.messaging.round_trip_ns(pair.b.key.id), std::nullopt);
  EXPECT_EQ(pair.a.messaging.round_trip_ns(MemberId{99}), std::nullopt);
  pair.a.say(0, pair.b.key.id, "x");
  pair.settle(4000);
  EXPECT_EQ(pair.a.messaging.round_trip_ns(pair.b.key.id), 4000U);
}

TEST(Messaging, OffersAgainAtTheEndOfACycleWhatTheApplicationRefused) {
  Pair pair;
  pair.b.application.room = 2;
  for (const char* text : {"a", "b", "c", "d"}) pair.a.say(0, pair.b.key.id, text);
  pair.b.hear(0, pair.a.transmit());
  EXPECT_EQ(pair.b.application.messages, (Strings{"a", "b"}));
  pair.settle(0);
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, "e"), SendResult::would_block);
  pair.b.application.room = 1;
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages, (Strings{"a", "b", "c"}));
  pair.b.application.room = 10;
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages, (Strings{"a", "b", "c", "d"}));
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, "e"), SendResult::sent);
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages, (Strings{"a", "b", "c", "d", "e"}));
}

TEST(Messaging, NothingNewOvertakesARefusedMessage) {
  Pair pair;
  pair.b.application.room = 0;
  pair.a.say(0, pair.b.key.id, "a");
  pair.b.hear(0, pair.a.transmit());
  pair.b.application.room = 10;
  pair.a.say(0, pair.b.key.id, "b");
  pair.b.hear(0, pair.a.transmit());
  EXPECT_EQ(pair.b.application.messages, Strings{});  // both wait for the cycle's end
  pair.b.transmit();
  EXPECT_EQ(pair.b.application.messages, (Strings{"a", "b"}));
}

TEST(Messaging, AClosedWindowOpensThoughTheWordOfItIsLost) {
  Pair pair;
  pair.b.application.room = 0;
  TimeNs now = 0;
  while (pair.a.say(now, pair.b.key.id, "x") == SendResult::sent) {
  }
  pair.settle(now);
  EXPECT_EQ(pair.a.say(now, pair.b.key.id, "y"), SendResult::would_block);
  pair.b.application.room = 1000;
  EXPECT_EQ(pair.b.transmit().size(), 1U);  // lost
  EXPECT_EQ(pair.a.say(now, pair.b.key.id, "y"), SendResult::would_block);
  now = pair.a.messaging.next_deadline();
  ASSERT_NE(now, never_ns);
  pair.a.messaging.on_deadline(now);
  pair.settle(now);
  EXPECT_EQ(pair.a.say(now, pair.b.key.id, "y"), SendResult::sent);
  pair.settle(now);
  EXPECT_EQ(pair.b.application.messages.size(), 65U);
}

TEST(Messaging, ASmallerWindowOfThePeerIsKept) {
  Side a(1, 10);
  MessagingConfig small;
  small.window_packets = 4;
  Side b(2, 20, small);
  a.meet(b);
  b.meet(a);
  a.say(0, b.key.id, "x");
  b.hear(0, a.transmit());
  a.hear(0, b.transmit());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(a.say(0, b.key.id, "x"), SendResult::sent);
  EXPECT_EQ(a.say(0, b.key.id, "x"), SendResult::would_block);
  b.hear(0, a.transmit());
  EXPECT_EQ(b.stats().packets_outside_window, 0U);
  EXPECT_EQ(b.application.messages.size(), 5U);
}

TEST(Messaging, TakesSeveralMessagesFromOnePacketAndGoesOnWhereItStopped) {
  Pair pair;
  wire::Session head{};
  head.receiver_incarnation = pair.b.key.incarnation;
  head.sequence = 1;
  pair.b.application.room = 1;
  EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"one", "two", "three"})));
  EXPECT_EQ(pair.b.application.messages, Strings{"one"});
  EXPECT_EQ(session_of(pair.b.transmit().at(0).bytes).acknowledged, 0U);
  pair.b.application.room = 10;
  const auto answer = pair.b.transmit();
  EXPECT_EQ(pair.b.application.messages, (Strings{"one", "two", "three"}));
  EXPECT_EQ(session_of(answer.at(0).bytes).acknowledged, 1U);
  EXPECT_EQ(pair.b.port.alive(), 0U);
}

// docs/protocol.md §7.5.
TEST(Messaging, ReportsWhatARemovedPeerHadNotAcknowledged) {
  Pair pair;
  pair.a.say(0, pair.b.key.id, "a");
  pair.settle(0);
  pair.b.application.room = 1;
  for (const char* text : {"b", "c", "d"}) pair.a.say(0, pair.b.key.id, text);
  pair.settle(0);
  pair.a.messaging.remove_peer(pair.b.key.id);
  ASSERT_EQ(pair.a.application.undelivered.size(), 1U);
  EXPECT_EQ(pair.a.application.undelivered[0].first, pair.b.key);
  EXPECT_EQ(pair.a.application.undelivered[0].second, 2U);
  EXPECT_EQ(pair.a.port.alive(), 0U);
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, "e"), SendResult::not_connected);
  EXPECT_EQ(pair.a.messaging.next_deadline(), never_ns);
}

TEST(Messaging, ReportsNothingWhenAllWasAcknowledged) {
  Pair pair;
  pair.a.say(0, pair.b.key.id, "a");
  pair.settle(0);
  pair.a.messaging.remove_peer(pair.b.key.id);
  EXPECT_TRUE(pair.a.application.undelivered.empty());
}

TEST(Messaging, DiscardsWhatARemovedPeerSentAndWasNotAccepted) {
  Pair pair;
  pair.b.application.room = 0;
  pair.a.say(0, pair.b.key.id, "a");
  pair.b.hear(0, pair.a.transmit());
  EXPECT_EQ(pair.b.port.alive(), 1U);
  pair.b.messaging.remove_peer(pair.a.key.id);
  EXPECT_EQ(pair.b.port.alive(), 0U);
  pair.b.application.room = 10;
  EXPECT_EQ(pair.b.transmit().size(), 0U);
  EXPECT_EQ(pair.b.application.messages, Strings{});
}

TEST(Messaging, EndsEverySessionWhenThisMemberIsNoneAnyMore) {
  Pair pair;
  Side c(3, 30);
  pair.a.meet(c);
  pair.a.say(0, pair.b.key.id, "x");
  pair.a.say(0, c.key.id, "x");
  pair.a.messaging.clear();
  EXPECT_EQ(pair.a.application.undelivered.size(), 2U);
  EXPECT_EQ(pair.a.messaging.next_deadline(), never_ns);
  pair.a.port.take_transmitted();
  EXPECT_EQ(pair.a.port.alive(), 0U);
  pair.a.meet(pair.b);
  EXPECT_EQ(pair.a.say(0, pair.b.key.id, "x"), SendResult::sent);
}

// docs/protocol.md §7.1.
TEST(Messaging, ARestartedPeerBeginsANewSession) {
  Pair pair;
  for (int i = 0; i < 3; ++i) pair.a.say(0, pair.b.key.id, "old");
  pair.settle(0);
  pair.a.say(0, pair.b.key.id, "lost");
  pair.a.transmit();
  Side reborn(2, 21);
  reborn.meet(pair.a);
  pair.a.messaging.remove_peer(pair.b.key.id);
  pair.a.meet(reborn);
  EXPECT_EQ(pair.a.say(0, reborn.key.id, "new"), SendResult::sent);
  reborn.hear(0, pair.a.transmit());
  EXPECT_EQ(reborn.application.messages, Strings{"new"});
}

}  // namespace
}  // namespace muster::test
