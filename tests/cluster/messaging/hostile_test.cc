// Packets that no honest peer of this session sends: counted, dropped, and nothing changes.
#include <random>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

wire::Session data_for(const Side& receiver) {
  wire::Session head{};
  head.receiver_incarnation = receiver.key.incarnation;
  head.sequence = 1;
  head.window_packets = 64;
  return head;
}
wire::Session acknowledgement_for(const Side& receiver) {
  wire::Session head = data_for(receiver);
  head.sequence = 0;
  return head;
}

TEST(HostilePackets, OfStrangersAreDropped) {
  Pair pair;
  const Side stranger(3, 30);
  EXPECT_TRUE(pair.b.hear(0, forged(stranger, data_for(pair.b), {"x"})));
  EXPECT_EQ(pair.b.stats().packets_unknown, 1U);
  EXPECT_EQ(pair.b.transmit(0).size(), 0U);
  EXPECT_TRUE(pair.b.application.heard.empty());
}

TEST(HostilePackets, OfAnotherIncarnationOfThePeerAreDropped) {
  Pair pair;
  const Side old(1, 9);
  const Side next(1, 11);
  EXPECT_TRUE(pair.b.hear(0, forged(old, data_for(pair.b), {"x"})));
  EXPECT_TRUE(pair.b.hear(0, forged(next, data_for(pair.b), {"x"})));
  EXPECT_EQ(pair.b.stats().packets_unknown, 2U);
  EXPECT_TRUE(pair.b.application.heard.empty());
}

TEST(HostilePackets, ForAnotherIncarnationOfThisMemberAreDropped) {
  Pair pair;
  auto head = data_for(pair.b);
  head.receiver_incarnation = pair.b.key.incarnation - 1;
  EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"x"})));
  EXPECT_EQ(pair.b.stats().packets_unknown, 1U);
  EXPECT_TRUE(pair.b.application.heard.empty());
}

TEST(HostilePackets, ThatAcknowledgeWhatWasNeverSentAreDroppedWhole) {
  Pair pair;
  pair.b.say(pair.a, "x");
  pair.b.transmit(0);
  pair.b.say(pair.a, "not sent yet");
  auto head = data_for(pair.b);
  const auto hear = [&](const std::vector<std::uint64_t>& selective) {
    EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"y"}, selective)));
  };
  head.acknowledged = 2;
  hear({});
  head.acknowledged = 0xffff'fffe;  // a number before the first
  hear({});
  head.acknowledged = 0;
  hear({0b10});
  hear({0, 0, 1});
  hear(std::vector<std::uint64_t>(16, ~std::uint64_t{}));
  head.channel = 3;  // on which nothing was ever sent
  hear({1});
  head.acknowledged = 1;
  hear({});
  EXPECT_EQ(pair.b.stats().acknowledgements_absurd, 7U);
  EXPECT_TRUE(pair.b.application.heard.empty());
  EXPECT_EQ(pair.b.messaging.packets_in_flight(pair.a.key.id), 1U);
  EXPECT_EQ(pair.b.port.alive(), 2U);
  EXPECT_EQ(pair.b.transmit(0).size(), 1U);  // what waited, and no answer
}

TEST(HostilePackets, BeyondTheWindowAreDroppedAndAnswered) {
  MessagingConfig config;
  config.window_packets = 64;
  Pair pair(config);
  for (const std::uint32_t sequence : {65U, 66U, 0x7fff'ffffU}) {
    auto head = data_for(pair.b);
    head.sequence = sequence;
    EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"x"})));
  }
  EXPECT_EQ(pair.b.stats().packets_outside_window, 3U);
  EXPECT_EQ(pair.b.port.alive(), 0U);
  const auto answer = pair.b.transmit(0);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(session_of(answer[0].bytes).acknowledged, 0U);
}

TEST(HostilePackets, WithoutRoomForUsStillLetOnePacketGo) {
  Pair pair;
  auto head = acknowledgement_for(pair.b);
  head.window_packets = 0;
  EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {})));
  EXPECT_EQ(pair.b.say(pair.a, "probe"), SendResult::sent);
  EXPECT_EQ(pair.b.say(pair.a, "more"), SendResult::sent);
  EXPECT_EQ(pair.b.transmit(0).size(), 1U);
  EXPECT_NE(pair.b.messaging.next_deadline(), never_ns);
}

TEST(HostilePackets, WithRoomForEverythingDoNotWidenOurWindow) {
  MessagingConfig config;
  config.window_packets = 16;
  config.queue_packets = 100;
  Pair pair(config);
  auto head = acknowledgement_for(pair.b);
  head.window_packets = 0xffff;
  EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {})));
  pair.b.say_all_it_can(pair.a, "x");
  EXPECT_EQ(pair.b.transmit(0).size(), 16U);
}

TEST(HostilePackets, MayHoldNoMoreThanTheLimitWhateverTheyLeaveOut) {
  MessagingConfig config;
  config.held_packets = 20;
  Pair pair(config);
  for (ChannelId channel = 0; channel < wire::channels; ++channel) {
    for (std::uint32_t sequence = 2; sequence < 100; ++sequence) {
      auto head = data_for(pair.b);
      head.channel = channel;
      head.sequence = sequence;
      EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"x"})));
    }
  }
  EXPECT_EQ(pair.b.port.alive(), 20U);
  EXPECT_EQ(pair.b.stats().packets_without_room, 98 * wire::channels - 20);
  EXPECT_EQ(pair.b.transmit(0).size(), wire::channels);
}

/// A packet of one message whose bytes after the head are these.
bool accepts(Side& receiver, const Side& from, const wire::Message& message,
             std::size_t bytes_behind, std::optional<std::uint32_t> message_bytes = {},
             std::uint16_t messages = 1) {
  Bytes packet = forged(from, data_for(receiver), {});
  const auto behind = [&](const auto& field) {
    const auto* at = reinterpret_cast<const std::byte*>(&field);
    packet.insert(packet.end(), at, at + sizeof field);
  };
  behind(message);
  if (message_bytes) behind(wire::Le32(*message_bytes));
  packet.resize(packet.size() + bytes_behind);
  reinterpret_cast<wire::Session*>(packet.data() + sizeof(wire::Header))->messages = messages;
  return receiver.hear(0, packet);
}

TEST(HostilePackets, WhoseSizesDoNotAddUpAreRefused) {
  Pair pair;
  const auto accepted = [&](std::uint8_t flags, std::uint16_t payload_bytes,
                            std::size_t bytes_behind, std::optional<std::uint32_t> message_bytes,
                            std::uint16_t messages = 1) {
    return accepts(pair.b, pair.a, {.kind = 1, .flags = flags, .payload_bytes = payload_bytes},
                   bytes_behind, message_bytes, messages);
  };
  constexpr std::uint8_t more = wire::piece_more;
  constexpr std::uint8_t continues = wire::piece_continues;
  EXPECT_FALSE(accepted(0, 11, 10, {}));
  EXPECT_FALSE(accepted(0, 0xffff, 10, {}));
  EXPECT_FALSE(accepted(0, 9, 10, {}));
  EXPECT_FALSE(accepted(4, 10, 10, {}));
  EXPECT_FALSE(accepted(0, 10, 10, {}, 0));
  EXPECT_FALSE(accepted(0, 10, 10, {}, 2));
  EXPECT_FALSE(accepted(0, 10, 10, {}, 0xffff));
  EXPECT_FALSE(accepted(more, 10, 10, 10));  // all of it, and more to come
  EXPECT_FALSE(accepted(more, 10, 10, 0));
  EXPECT_FALSE(accepted(more, 10, 10, wire::message_bytes_max + 1));
  EXPECT_FALSE(accepted(more, 10, 10, 0xffff'ffff));
  EXPECT_FALSE(accepted(more, 0, 0, 10));  // nothing of it
  EXPECT_FALSE(accepted(continues, 0, 0, {}));
  EXPECT_EQ(pair.b.stats().packets_delivered, 0U);
  EXPECT_EQ(pair.b.port.alive(), 0U);
  EXPECT_TRUE(accepted(more, 10, 10, wire::message_bytes_max));
  EXPECT_EQ(pair.b.stats().packets_delivered, 1U);
}

TEST(HostilePackets, OfChannelsAndWordsThatThereAreNotAreRefused) {
  Pair pair;
  auto head = acknowledgement_for(pair.b);
  head.channel = wire::channels;
  EXPECT_FALSE(pair.b.hear(0, forged(pair.a, head, {})));
  head.channel = 0;
  EXPECT_FALSE(pair.b.hear(0, forged(pair.a, head, {}, std::vector<std::uint64_t>(17))));
  Bytes cut = forged(pair.a, head, {}, {0, 0});
  cut.resize(cut.size() - 8);
  EXPECT_FALSE(pair.b.hear(0, cut));
  cut = forged(pair.a, head, {});
  reinterpret_cast<wire::Session*>(cut.data() + sizeof(wire::Header))->selective_words = 255;
  EXPECT_FALSE(pair.b.hear(0, cut));
}

// What may be true may do harm to this session, and to nothing else.
TEST(HostilePackets, ThatSayWhateverMayBeTrueLeaveNothingBehind) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    MessagingConfig config;
    config.window_packets = 1 + static_cast<std::uint32_t>(random() % 200);
    Pair pair(config);
    for (TimeNs now = 0; now < 20 * ms; now += 100 * us) {
      const auto channel = static_cast<ChannelId>(random() % 2);
      pair.b.say(pair.a, "x", channel);
      pair.b.transmit(now);
      auto head = acknowledgement_for(pair.b);
      head.channel = channel;
      head.acknowledged = static_cast<std::uint32_t>(random() % 220);
      head.window_packets = static_cast<std::uint16_t>(random());
      head.sequence = static_cast<std::uint32_t>(random() % 300);
      std::vector<std::uint64_t> selective(random() % 5);
      for (auto& word : selective) word = random() & random() & random();
      EXPECT_TRUE(
          pair.b.hear(now, forged(pair.a, head, head.sequence == 0 ? Strings{} : Strings{"y"},
                                  selective, random() % 1000)));
      pair.b.messaging.on_deadline(now);
      ASSERT_LE(pair.b.messaging.packets_in_flight(pair.a.key.id), 2 * config.window_packets);
    }
    pair.b.messaging.remove_peer(pair.a.key.id);
    pair.b.transmit(second);
    ASSERT_EQ(pair.b.port.alive(), 0U);
  }
}

}  // namespace
}  // namespace muster::test
