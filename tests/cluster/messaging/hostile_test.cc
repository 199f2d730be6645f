// Packets that no honest peer of this session sends: counted, dropped, and nothing changes.
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

TEST(HostilePackets, OfStrangersAreDropped) {
  Pair pair;
  const Side stranger(3, 30);
  EXPECT_TRUE(pair.b.hear(0, forged(stranger, data_for(pair.b), {"x"})));
  EXPECT_EQ(pair.b.stats().packets_unknown, 1U);
  EXPECT_EQ(pair.b.transmit().size(), 0U);
  EXPECT_TRUE(pair.b.application.messages.empty());
}

TEST(HostilePackets, OfAnotherIncarnationOfThePeerAreDropped) {
  Pair pair;
  const Side old(1, 9);
  const Side next(1, 11);
  EXPECT_TRUE(pair.b.hear(0, forged(old, data_for(pair.b), {"x"})));
  EXPECT_TRUE(pair.b.hear(0, forged(next, data_for(pair.b), {"x"})));
  EXPECT_EQ(pair.b.stats().packets_unknown, 2U);
  EXPECT_TRUE(pair.b.application.messages.empty());
}

TEST(HostilePackets, ForAnotherIncarnationOfThisMemberAreDropped) {
  Pair pair;
  auto head = data_for(pair.b);
  head.receiver_incarnation = pair.b.key.incarnation - 1;
  EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"x"})));
  EXPECT_EQ(pair.b.stats().packets_unknown, 1U);
  EXPECT_TRUE(pair.b.application.messages.empty());
}

TEST(HostilePackets, ThatAcknowledgeWhatWasNeverSentAreDroppedWhole) {
  Pair pair;
  pair.b.say(0, pair.a.key.id, "x");
  pair.b.port.take_transmitted();
  auto head = data_for(pair.b);
  head.acknowledged = 2;
  EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"y"})));
  head.acknowledged = 0;
  head.selective = 1;
  EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"y"})));
  EXPECT_EQ(pair.b.stats().acknowledgements_absurd, 2U);
  EXPECT_TRUE(pair.b.application.messages.empty());
  EXPECT_EQ(pair.b.transmit().size(), 0U);
  EXPECT_EQ(pair.b.port.alive(), 1U);
}

TEST(HostilePackets, BeyondTheWindowAreDroppedAndAnswered) {
  Pair pair;
  for (const std::uint32_t sequence : {65U, 66U, 0x7fff'ffffU}) {
    auto head = data_for(pair.b);
    head.sequence = sequence;
    EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {"x"})));
  }
  EXPECT_EQ(pair.b.stats().packets_outside_window, 3U);
  EXPECT_EQ(pair.b.port.alive(), 0U);
  const auto answer = pair.b.transmit();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(session_of(answer[0].bytes).acknowledged, 0U);
}

TEST(HostilePackets, WithoutRoomForUsStillLetOnePacketGo) {
  Pair pair;
  auto head = data_for(pair.b);
  head.sequence = 0;
  head.window_packets = 0;
  EXPECT_TRUE(pair.b.hear(0, forged(pair.a, head, {})));
  EXPECT_EQ(pair.b.say(0, pair.a.key.id, "probe"), SendResult::sent);
  EXPECT_EQ(pair.b.say(0, pair.a.key.id, "more"), SendResult::would_block);
  EXPECT_NE(pair.b.messaging.next_deadline(), never_ns);
}

}  // namespace
}  // namespace muster::test
