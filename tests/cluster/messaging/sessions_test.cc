// How a session ends, and what of it is reported (docs/protocol.md §7.1, §7.5).
#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

void expect_undelivered(const Undelivered& lost, const Side& to, ChannelId channel,
                        std::uint64_t first, std::uint64_t messages) {
  EXPECT_EQ(lost.to, to.key);
  EXPECT_EQ(lost.channel, channel);
  EXPECT_EQ(lost.first, first);
  EXPECT_EQ(lost.messages, messages);
}

TEST(Sessions, ReportWhatARemovedPeerHadNotAcknowledged) {
  Pair pair;
  pair.a.say(pair.b, "a");
  pair.settle(0);
  pair.b.application.set_room(1);
  for (const char* text : {"b", "c", "d"}) pair.a.say(pair.b, text);
  pair.settle(0);
  pair.a.messaging.remove_peer(pair.b.key.id);
  ASSERT_EQ(pair.a.application.undelivered.size(), 1U);
  expect_undelivered(pair.a.application.undelivered[0], pair.b, 0, 3, 2);
  EXPECT_EQ(pair.a.stats().messages_undelivered, 2U);
  EXPECT_EQ(pair.a.port.alive(), 0U);
  EXPECT_EQ(pair.a.say(pair.b, "e"), SendResult::not_connected);
  EXPECT_EQ(pair.a.messaging.next_deadline(), never_ns);
}

TEST(Sessions, ReportARangeForEachChannel) {
  MessagingConfig config;
  config.window_packets = 2;
  Pair pair(config);
  pair.b.application.room[1] = 1;
  pair.b.application.room[2] = 0;
  for (int i = 0; i < 5; ++i)  // in packets of two
    for (const ChannelId channel : {ChannelId{0}, ChannelId{1}, ChannelId{2}, ChannelId{15}})
      pair.a.say({pair.b.key, channel}, Strings{"x", "y"});
  pair.settle(0);
  pair.a.say(pair.b, "waits", 15);
  pair.a.messaging.remove_peer(pair.b.key.id);
  const auto& lost = pair.a.application.undelivered;
  ASSERT_EQ(lost.size(), 3U);
  expect_undelivered(lost[0], pair.b, 1, 3, 8);
  expect_undelivered(lost[1], pair.b, 2, 1, 10);
  expect_undelivered(lost[2], pair.b, 15, 11, 1);
}

// The first of its packets have arrived, and it has not.
TEST(Sessions, CountAMessageInPiecesWhereItEnds) {
  MessagingConfig config;
  config.window_packets = 2;
  Pair pair(config);
  pair.b.application.set_room(3);
  pair.a.say(pair.b, "before");
  EXPECT_EQ(pair.a.say(pair.b, {}, std::string(8000, 'x')), SendResult::sent);
  pair.settle(0);
  pair.a.messaging.remove_peer(pair.b.key.id);
  ASSERT_EQ(pair.a.application.undelivered.size(), 1U);
  expect_undelivered(pair.a.application.undelivered[0], pair.b, 0, 2, 1);
}

TEST(Sessions, ReportNothingWhenAllWasAcknowledged) {
  Pair pair;
  pair.a.say(pair.b, "a");
  pair.settle(0);
  pair.a.messaging.remove_peer(pair.b.key.id);
  EXPECT_TRUE(pair.a.application.undelivered.empty());
}

TEST(Sessions, DiscardWhatARemovedPeerSentAndWasNotAccepted) {
  Pair pair;
  pair.b.application.set_room(0);
  pair.a.say(pair.b, "a");
  pair.b.hear(0, pair.a.transmit(0));
  EXPECT_EQ(pair.b.port.alive(), 1U);
  pair.b.messaging.remove_peer(pair.a.key.id);
  EXPECT_EQ(pair.b.port.alive(), 0U);
  pair.b.application.set_room(10);
  EXPECT_EQ(pair.b.transmit(0).size(), 0U);
  EXPECT_EQ(pair.b.application.messages(), Strings{});
}

TEST(Sessions, AllEndWhenThisMemberIsNoneAnyMore) {
  Pair pair;
  const Side c(3, 30);
  pair.a.meet(c);
  pair.a.say(pair.b, "x");
  pair.a.say(c, "x");
  pair.a.messaging.clear();
  EXPECT_EQ(pair.a.application.undelivered.size(), 2U);
  EXPECT_EQ(pair.a.messaging.next_deadline(), never_ns);
  EXPECT_EQ(pair.a.transmit(0).size(), 0U);
  EXPECT_EQ(pair.a.port.alive(), 0U);
  pair.a.meet(pair.b);
  EXPECT_EQ(pair.a.say(pair.b, "x"), SendResult::sent);
}

TEST(Sessions, BeginAnewWithARestartedPeer) {
  Pair pair;
  for (int i = 0; i < 3; ++i) pair.a.say(pair.b, "old");
  pair.settle(0);
  pair.a.say(pair.b, "lost");
  pair.a.transmit(0);
  Side reborn(2, 21);
  reborn.meet(pair.a);
  pair.a.messaging.remove_peer(pair.b.key.id);
  pair.a.meet(reborn);
  EXPECT_EQ(pair.a.say(pair.b, "to whom it was"), SendResult::not_connected);
  EXPECT_EQ(pair.a.say(reborn, "new"), SendResult::sent);
  reborn.hear(0, pair.a.transmit(0));
  EXPECT_EQ(reborn.application.messages(), Strings{"new"});
}

/// `a` lives as a higher incarnation from now on, and both know it.
void reincarnate(Pair& pair) {
  pair.a.outbox.reincarnate(11);
  pair.a.key.incarnation = 11;
  pair.a.messaging.begin_anew();
  pair.b.messaging.remove_peer(pair.a.key.id);
  pair.b.meet(pair.a);
}

// docs/protocol.md §7.6.
TEST(Sessions, BeginAnewAndCountTheMessagesOn) {
  Pair pair;
  for (const ChannelId channel : {ChannelId{0}, ChannelId{4}})
    for (int i = 0; i < 3; ++i) pair.a.say(pair.b, "delivered", channel);
  pair.settle(0);
  for (const ChannelId channel : {ChannelId{0}, ChannelId{4}}) pair.a.say(pair.b, "lost", channel);
  pair.a.transmit(0);
  reincarnate(pair);
  auto& lost = pair.a.application.undelivered;
  ASSERT_EQ(lost.size(), 2U);
  expect_undelivered(lost[0], pair.b, 0, 4, 1);
  expect_undelivered(lost[1], pair.b, 4, 4, 1);
  EXPECT_EQ(pair.a.port.alive(), 0U);
  lost.clear();
  pair.a.say(pair.b, "the fifth", 4);
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages(4).back(), "the fifth");
  pair.a.say(pair.b, "the sixth", 4);
  reincarnate(pair);  // once more, and one of the channels was not in use in between
  ASSERT_EQ(lost.size(), 1U);
  expect_undelivered(lost[0], pair.b, 4, 6, 1);
  pair.a.say(pair.b, "the fifth", 0);
  pair.a.messaging.remove_peer(pair.b.key.id);
  expect_undelivered(lost.back(), pair.b, 0, 5, 1);
}

// docs/protocol.md §7.6: whoever writes the pieces may not know yet that the session is another.
TEST(Sessions, DoNotGoOnWithAMessageOfTheOldOne) {
  Pair pair;
  const std::string content(4000, 'x');
  MessageWriter writer({}, bytes_of(content));
  const auto send_piece = [&] {
    Packet& packet = *pair.a.port.allocate();
    begin_messages(packet);
    writer.write(packet);
    const bool ends = writer.done();
    if (ends) append_data(packet, bytes_of("behind it"));
    EXPECT_EQ(pair.a.messaging.send({pair.b.key, 0}, packet, ends ? 2 : 0), SendResult::sent);
  };
  send_piece();
  reincarnate(pair);
  EXPECT_TRUE(pair.a.application.undelivered.empty()) << "it has no number yet";
  while (!writer.done()) send_piece();
  ASSERT_EQ(pair.a.application.undelivered.size(), 1U);
  expect_undelivered(pair.a.application.undelivered[0], pair.b, 0, 1, 2);
  EXPECT_EQ(pair.a.port.alive(), 0U);
  pair.a.say(pair.b, "new");
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages(), Strings{"new"});
  pair.a.say(pair.b, "lost");
  pair.a.messaging.remove_peer(pair.b.key.id);
  expect_undelivered(pair.a.application.undelivered.back(), pair.b, 0, 4, 1);
}

TEST(Sessions, DropLatePacketsOfTheOldOne) {
  Pair pair;
  for (int i = 0; i < 3; ++i) pair.a.say(pair.b, "old");
  const auto late = pair.a.transmit(0);
  pair.b.hear(0, late);
  const auto late_acknowledgement = pair.b.transmit(0);
  reincarnate(pair);
  pair.a.say(pair.b, "new");
  const auto sent = pair.a.transmit(0);
  pair.a.hear(0, late_acknowledgement);
  pair.b.hear(0, late);
  EXPECT_EQ(pair.a.stats().packets_unknown, 1U);
  EXPECT_EQ(pair.b.stats().packets_unknown, 3U);
  EXPECT_EQ(pair.a.port.alive(), 1U);  // not acknowledged by what was said before
  pair.b.hear(0, sent);
  EXPECT_EQ(pair.b.application.messages(), (Strings{"old", "old", "old", "new"}));
}

// Who hears that it was not delivered sends it again at once.
TEST(Sessions, TakeAgainWhatIsReportedUndelivered) {
  struct Persistent final : sim::SilentEvents {
    Messaging* messaging = nullptr;
    MemoryPort* port = nullptr;
    SendResult result = SendResult::closed;
    void on_undelivered(const Undelivered& lost) override {
      Packet& packet = *port->allocate();
      begin_messages(packet);
      MessageWriter({}, bytes_of("again")).write(packet);
      result = messaging->send({lost.to, lost.channel}, packet, 1);
      if (result != SendResult::sent) port->release(packet);
    }
  } persistent;
  Side b(2, 20);
  MemoryPort port;
  Outbox outbox(port, {Side::cluster, {MemberId{1}, 11}});
  Messaging messaging({}, outbox, persistent);
  persistent.messaging = &messaging;
  persistent.port = &port;
  messaging.add_peer(b.key, b.endpoint);
  b.messaging.add_peer({MemberId{1}, 11}, {1, 7777});
  Packet& packet = *port.allocate();
  begin_messages(packet);
  MessageWriter({}, bytes_of("first")).write(packet);
  ASSERT_EQ(messaging.send({b.key, 0}, packet, 1), SendResult::sent);
  messaging.begin_anew();
  EXPECT_EQ(persistent.result, SendResult::sent);
  messaging.transmit(0);
  b.hear(0, port.take_transmitted());
  EXPECT_EQ(b.application.messages(), Strings{"again"});
  messaging.remove_peer(b.key.id);
  EXPECT_EQ(persistent.result, SendResult::not_connected);
  EXPECT_EQ(port.alive(), 0U);
}

}  // namespace
}  // namespace muster::test
