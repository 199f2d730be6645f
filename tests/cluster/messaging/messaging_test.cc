#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

TEST(Messaging, DeliversWhatWasSentAndReleasesItOnceAcknowledged) {
  Pair pair;
  EXPECT_EQ(pair.a.say(pair.b, "hello"), SendResult::sent);
  EXPECT_EQ(pair.a.say(pair.b, ""), SendResult::sent);
  pair.settle(1000);
  EXPECT_EQ(pair.b.application.messages(), (Strings{"hello", ""}));
  EXPECT_EQ(pair.b.application.heard[0].from, pair.a.key);
  EXPECT_EQ(pair.a.port.alive(), 0U);
  EXPECT_EQ(pair.b.port.alive(), 0U);
  EXPECT_EQ(pair.a.stats().messages_sent, 2U);
  EXPECT_EQ(pair.b.stats().packets_delivered, 2U);
}

TEST(Messaging, SaysAtOnceWhenItCannotSend) {
  MessagingConfig config;
  config.window_packets = config.queue_packets = 32;
  Pair pair(config);
  const Side stranger(99, 1);
  EXPECT_EQ(pair.a.say(stranger, "x"), SendResult::not_connected);
  EXPECT_EQ(pair.a.say({{pair.b.key.id, pair.b.key.incarnation + 1}, 0}, Strings{"x"}),
            SendResult::not_connected);
  EXPECT_EQ(pair.a.say({pair.b.key, wire::channels}, Strings{"x"}), SendResult::no_such_channel);
  EXPECT_EQ(pair.a.say_all_it_can(pair.b, "x"), 64);
  pair.settle(1000);
  EXPECT_EQ(pair.b.application.messages().size(), 64U);
  EXPECT_EQ(pair.a.say(pair.b, "x"), SendResult::sent);
  EXPECT_EQ(pair.a.stats().messages_sent, 65U);
}

/// Once for each time, and nothing of those that nothing has happened to.
TEST(Messaging, TellsWhatAChannelHoldsWhenThatHasChanged) {
  MessagingConfig config;
  config.window_packets = 8;
  Pair pair(config);
  /// Channel, packets that wait, packets held.
  using Told = std::vector<std::array<std::size_t, 3>>;
  const auto moved = [&] {
    Told told;
    pair.a.messaging.for_each_moved([&](const Recipient& to, const SendWindow& sending) {
      EXPECT_EQ(to.member, pair.b.key);
      told.push_back({to.channel, sending.waiting(), sending.held()});
    });
    return told;
  };
  EXPECT_EQ(moved(), Told{});
  for (int i = 0; i < 10; ++i) pair.a.say(pair.b, "x", 3);
  pair.a.say(pair.b, "x", 5);
  EXPECT_EQ(moved(), (Told{{3, 10, 10}, {5, 1, 1}}));
  EXPECT_EQ(moved(), Told{});
  const auto sent = pair.a.transmit(0);
  EXPECT_EQ(moved(), (Told{{3, 2, 10}, {5, 0, 1}}));
  pair.a.transmit(1);
  EXPECT_EQ(moved(), Told{});
  pair.b.hear(2, sent);
  pair.a.hear(3, pair.b.transmit(2));
  EXPECT_EQ(moved(), (Told{{3, 2, 2}, {5, 0, 0}}));
  pair.a.say(pair.b, "x", 5);
  pair.a.messaging.remove_peer(pair.b.key.id);
  EXPECT_EQ(moved(), Told{});
}

TEST(Messaging, AcknowledgesOnceForABurst) {
  Pair pair;
  for (int i = 0; i < 5; ++i) pair.a.say(pair.b, "x");
  pair.b.hear(0, pair.a.transmit(0));
  const auto answer = pair.b.transmit(0);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].to, pair.a.endpoint);
  EXPECT_EQ(session_of(answer[0].bytes).acknowledged, 5U);
  EXPECT_EQ(session_of(answer[0].bytes).sequence, 0U);
  EXPECT_EQ(pair.b.transmit(0).size(), 0U);
  EXPECT_EQ(pair.b.stats().acknowledgements_sent, 1U);
}

TEST(Messaging, DataCarriesTheAcknowledgement) {
  Pair pair;
  for (const char* ping : {"1", "2", "3"}) pair.a.say(pair.b, ping);
  auto sent = pair.a.transmit(0);
  sent.erase(sent.begin() + 1);
  pair.b.hear(0, sent);
  pair.b.say(pair.a, "pong");
  const auto answer = pair.b.transmit(0);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(session_of(answer[0].bytes).acknowledged, 1U);
  EXPECT_EQ(session_of(answer[0].bytes).sequence, 1U);
  EXPECT_EQ(selective_of(answer[0].bytes), std::vector<std::uint64_t>{0b10});
}

TEST(Messaging, AFullPacketLeavesTheSelectiveWordsToOneOfTheirOwn) {
  Pair pair;
  for (const char* ping : {"1", "2", "3"}) pair.a.say(pair.b, ping);
  auto sent = pair.a.transmit(0);
  sent.erase(sent.begin() + 1);
  pair.b.hear(0, sent);
  pair.b.say(pair.a, std::string(MemoryPort::payload_bytes - payload_offset, 'x'));
  const auto answer = pair.b.transmit(0);
  ASSERT_EQ(answer.size(), 2U);
  EXPECT_TRUE(selective_of(answer[0].bytes).empty());
  EXPECT_EQ(session_of(answer[0].bytes).acknowledged, 1U);
  EXPECT_EQ(selective_of(answer[1].bytes), std::vector<std::uint64_t>{0b10});
  pair.a.hear(0, answer);
  EXPECT_EQ(pair.a.application.messages().size(), 1U);
}

TEST(Messaging, AcknowledgesADuplicateAgain) {
  Pair pair;
  pair.a.say(pair.b, "x");
  const auto sent = pair.a.transmit(0);
  pair.b.hear(0, sent);
  EXPECT_EQ(pair.b.transmit(0).size(), 1U);
  pair.b.hear(1000, sent);
  EXPECT_EQ(pair.b.transmit(1000).size(), 1U);
  EXPECT_EQ(pair.b.application.messages(), Strings{"x"});
  EXPECT_EQ(pair.b.stats().packets_duplicate, 1U);
}

/// An application that answers soon spares a packet.
TEST(Messaging, HoldsAnAcknowledgementForAMoment) {
  Pair pair;
  pair.a.say(pair.b, "ping");
  pair.b.hear(0, pair.a.transmit(0));
  pair.b.messaging.transmit(0);
  EXPECT_EQ(pair.b.port.take_transmitted().size(), 0U);
  EXPECT_EQ(pair.b.messaging.next_deadline(), 2 * us);
  pair.b.say(pair.a, "pong");
  const auto answer = pair.b.transmit(1);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(session_of(answer[0].bytes).acknowledged, 1U);
  EXPECT_EQ(pair.b.transmit(2).size(), 0U);
}

/// Each acknowledgement costs what a packet costs.
TEST(Messaging, AcknowledgesEightPacketsOfAStreamTogether) {
  Pair pair;
  for (std::uint32_t number = 1; number <= 24; ++number) {
    pair.a.say(pair.b, "x");
    pair.a.messaging.transmit(number);
    pair.b.hear(number, pair.a.port.take_transmitted());
    pair.b.messaging.transmit(number);
    const auto said = pair.b.port.take_transmitted();
    ASSERT_EQ(said.size(), number % 8 == 0 ? 1U : 0U) << number;
    if (!said.empty()) {
      EXPECT_EQ(session_of(said[0].bytes).acknowledged, number);
    }
  }
}

/// The sender of a lost packet waits for the word of those that overtook it.
TEST(Messaging, AcknowledgesAtOnceWhatTellsOfALossOrOfRoom) {
  Pair pair;
  for (int i = 0; i < 3; ++i) pair.a.say(pair.b, "x");
  const auto sent = pair.a.transmit(0);
  ASSERT_EQ(sent.size(), 3U);
  const auto acknowledgements_after = [&](std::size_t packet) {
    EXPECT_TRUE(pair.b.hear(0, sent[packet].bytes));
    pair.b.messaging.transmit(0);
    return pair.b.port.take_transmitted().size();
  };
  EXPECT_EQ(acknowledgements_after(1), 1U);  // overtook
  EXPECT_EQ(acknowledgements_after(1), 1U);  // came twice
  pair.b.application.set_room(0);
  EXPECT_EQ(acknowledgements_after(0), 1U);  // not accepted
  pair.b.application.set_room(8);
  EXPECT_EQ(acknowledgements_after(2), 1U);  // all are accepted, the credit is back
}

TEST(Messaging, OwesTheAcknowledgementWhileThereIsNoPacketForIt) {
  Pair pair;
  pair.a.say(pair.b, "x");
  pair.b.hear(0, pair.a.transmit(0));
  pair.b.port.set_packets_max(0);
  EXPECT_EQ(pair.b.transmit(0).size(), 0U);
  EXPECT_EQ(pair.b.transmit(0).size(), 0U);
  EXPECT_LE(pair.b.messaging.next_deadline(), 1 * ms);  // whoever sleeps looks again
  pair.b.port.set_packets_max(4096);
  EXPECT_EQ(pair.b.transmit(1 * ms).size(), 1U);
}

TEST(Messaging, RetransmitsAtTheDeadlineWithBackOff) {
  Pair pair;
  EXPECT_EQ(pair.a.messaging.next_deadline(), never_ns);
  pair.a.say(pair.b, "x");
  const auto first = pair.a.transmit(0);
  ASSERT_EQ(pair.a.messaging.next_deadline(), 10 * ms);
  pair.a.messaging.on_deadline(10 * ms - 1);
  EXPECT_EQ(pair.a.transmit(10 * ms - 1).size(), 0U);
  pair.a.messaging.on_deadline(10 * ms);
  const auto second = pair.a.transmit(10 * ms);
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
  for (int i = 0; i < 2; ++i) pair.a.say(pair.b, "x");
  const auto sent = pair.a.transmit(0);
  ASSERT_TRUE(pair.b.hear(0, sent[0].bytes));
  pair.a.hear(10 * us, pair.b.transmit(10 * us));
  EXPECT_EQ(pair.a.messaging.next_deadline(), 210 * us);
}

TEST(Messaging, MeasuresTheRoundTrip) {
  Pair pair;
  EXPECT_EQ(pair.a.messaging.round_trip_ns(pair.b.key.id), std::nullopt);
  EXPECT_EQ(pair.a.messaging.round_trip_ns(MemberId{99}), std::nullopt);
  pair.a.say(pair.b, "x");
  const auto sent = pair.a.transmit(0);
  pair.b.hear(4000, sent);
  pair.a.hear(4000, pair.b.transmit(4000));
  EXPECT_EQ(pair.a.messaging.round_trip_ns(pair.b.key.id), 4000U);
}

// A transmit() has an end, and says when the next one should come.
TEST(Messaging, SendsALongQueueInSeveralTurnsOfTheLoop) {
  MessagingConfig config = uncontrolled();
  config.window_packets = 1024;
  Pair pair(config);
  for (int i = 0; i < 600; ++i) pair.a.say(pair.b, "x");
  const auto sent_at = [&](TimeNs now) {
    pair.a.messaging.transmit(now);
    return pair.a.port.take_transmitted().size();
  };
  EXPECT_EQ(sent_at(5), 256U);
  EXPECT_EQ(pair.a.messaging.next_deadline(), 6U);
  EXPECT_EQ(sent_at(6), 256U);
  EXPECT_EQ(sent_at(7), 88U);
  EXPECT_GT(pair.a.messaging.next_deadline(), 7U);
}

TEST(Messaging, OffersAgainAtTheEndOfACycleWhatTheApplicationRefused) {
  Pair pair;
  pair.b.application.set_room(2);
  for (const char* text : {"a", "b", "c", "d"}) pair.a.say(pair.b, text);
  pair.b.hear(0, pair.a.transmit(0));
  EXPECT_EQ(pair.b.application.messages(), (Strings{"a", "b"}));
  pair.settle(0);
  pair.a.say(pair.b, "e");
  EXPECT_EQ(pair.a.transmit(0).size(), 0U);  // no credit
  pair.b.application.set_room(1);
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages(), (Strings{"a", "b", "c"}));
  pair.b.application.set_room(10);
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages(), (Strings{"a", "b", "c", "d", "e"}));
}

TEST(Messaging, NothingNewOvertakesARefusedMessage) {
  Pair pair;
  pair.b.application.set_room(0);
  pair.a.say(pair.b, "a");
  pair.b.hear(0, pair.a.transmit(0));
  pair.b.application.set_room(10);
  pair.a.say(pair.b, "b");
  pair.b.hear(0, pair.a.transmit(0));
  EXPECT_EQ(pair.b.application.messages(), Strings{});  // both wait for the cycle's end
  pair.b.transmit(0);
  EXPECT_EQ(pair.b.application.messages(), (Strings{"a", "b"}));
}

TEST(Messaging, AClosedWindowOpensThoughTheWordOfItIsLost) {
  Pair pair;
  pair.b.application.set_room(0);
  TimeNs now = 0;
  const int said = pair.a.say_all_it_can(pair.b, "x");
  pair.settle(now);
  pair.b.application.set_room(1000);
  EXPECT_EQ(pair.b.transmit(now).size(), 1U);  // lost
  EXPECT_EQ(pair.a.transmit(now).size(), 0U);
  now = pair.a.messaging.next_deadline();
  ASSERT_NE(now, never_ns);
  pair.a.messaging.on_deadline(now);
  pair.settle(now);
  EXPECT_EQ(pair.b.application.messages().size(), static_cast<std::size_t>(said));
}

TEST(Messaging, ASmallerWindowOfThePeerIsKept) {
  MessagingConfig small;
  small.window_packets = 4;
  Pair pair({}, small);
  pair.a.say(pair.b, "x");
  pair.settle(0);
  for (int i = 0; i < 9; ++i) pair.a.say(pair.b, "x");
  EXPECT_EQ(pair.a.transmit(0).size(), 4U);
  pair.settle(1000);
  EXPECT_EQ(pair.b.stats().packets_outside_window, 0U);
}

// Before it has said so, what is beyond its window is lost, and comes again in its time.
TEST(Messaging, ASmallerWindowOfThePeerIsFound) {
  MessagingConfig small;
  small.window_packets = 4;
  Pair pair({}, small);
  for (int i = 0; i < 40; ++i) pair.a.say(pair.b, std::to_string(i));
  TimeNs now = 0;
  pair.settle_in_time(now);
  EXPECT_EQ(pair.b.application.messages().size(), 40U);
  EXPECT_LE(pair.b.stats().packets_outside_window, 50U);
}

TEST(Messaging, TakesSeveralMessagesFromOnePacket) {
  Pair pair;
  EXPECT_EQ(pair.a.say({pair.b.key, 0}, Strings{"one", "two", "three"}), SendResult::sent);
  EXPECT_EQ(pair.a.stats().messages_sent, 3U);
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages(), (Strings{"one", "two", "three"}));
  EXPECT_EQ(pair.b.stats().packets_delivered, 1U);
}

TEST(Messaging, TellsTheApplicationHowLargeAMessageWillBe) {
  struct Careful final : sim::SilentEvents {
    std::vector<std::uint32_t> opened;
    bool on_messages(const Delivery& delivery) override {
      opened.push_back(delivery.opens_bytes);
      return true;
    }
  } careful;
  Side a(1, 10);
  Side b(2, 20);
  MemoryPort port;
  Outbox outbox(port, {Side::cluster, b.key});
  Messaging messaging({}, outbox, careful);
  messaging.add_peer(a.key, a.endpoint);
  a.meet(b);
  a.say(b, {}, std::string(3000, 'x'));
  std::vector<std::uint32_t> begun;
  for (const auto& datagram : a.transmit(0)) {
    Packet& packet = port.received({}, datagram.bytes);
    wire::Parsed parsed;
    ASSERT_FALSE(wire::parse(packet.payload(), Side::cluster, parsed));
    messaging.on_session(0, *parsed.header, std::get<wire::SessionView>(parsed.body), packet);
    port.release(packet);
    begun.push_back(messaging.begun_bytes({a.key, 0}));
  }
  EXPECT_EQ(careful.opened, (std::vector<std::uint32_t>{3000, 0, 0}));
  EXPECT_EQ(begun, (std::vector<std::uint32_t>{3000, 3000, 0}));
}

class MessagingWith : public testing::TestWithParam<std::uint32_t> {};

TEST_P(MessagingWith, ThatManyPacketsUnderWayCarriesEverythingThoughEachTenthIsLost) {
  MessagingConfig config;
  config.window_packets = GetParam();
  Pair pair(config);
  std::size_t carried = 0;
  std::size_t said = 0;
  constexpr std::size_t messages = 3000;
  const auto carry = [&](TimeNs now, Side& from, Side& to) {
    for (const auto& datagram : from.transmit(now))
      if (++carried % 10 != 0) {
        EXPECT_TRUE(to.hear(now, datagram.bytes));
      }
  };
  for (TimeNs now = 0; now < 10 * second && pair.b.application.heard.size() < messages;
       now += 10 * us) {
    while (said < messages && pair.a.say(pair.b, std::to_string(said)) == SendResult::sent) ++said;
    pair.a.messaging.on_deadline(now);
    carry(now, pair.a, pair.b);
    carry(now, pair.b, pair.a);
  }
  ASSERT_EQ(pair.b.application.heard.size(), messages);
  for (std::size_t i = 0; i < messages; ++i)
    ASSERT_EQ(pair.b.application.heard[i].payload, std::to_string(i));
}

INSTANTIATE_TEST_SUITE_P(Packets, MessagingWith, testing::Values(1, 2, 64, 1000, 1024));

}  // namespace
}  // namespace muster::test
