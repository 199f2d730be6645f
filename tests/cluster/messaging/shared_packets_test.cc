// Send windows whose packets go to others as well (docs/protocol.md §9.6).
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/tested_window.h"

namespace muster::test {
namespace {

/// Packets whose heads are written before anybody sends them.
void push(TestedWindow& sender, Sequence packets) {
  for (Sequence sequence = 1; sequence <= packets; ++sequence) {
    Packet& packet = *sender.port.allocate();
    sender.outbox.stamp(packet, wire::Type::session);
    begin_messages(packet);
    session_head(packet).sequence = sequence_to_wire(sequence);
    sender.window->push(packet, 1);
  }
}
void sent_to_all(TestedWindow& sender, int packets) {
  for (; packets > 0; --packets) {
    ASSERT_TRUE(sender.window->may_send_new());
    sender.window->sent_to_all(0);
  }
}
/// Of a peer that may have heard what is before `overheard` with others.
bool acknowledge(TestedWindow& sender, Sequence upto, const std::vector<wire::Le64>& words,
                 Sequence overheard) {
  return sender.window->acknowledge(
      1000, 0,
      {.acknowledged = static_cast<std::uint32_t>(upto), .window_packets = 64, .selective = words},
      overheard);
}

TEST(SharedPackets, SentToAllAreUnderWayAndRepairedToOne) {
  TestedWindow sender;
  push(sender, 5);
  sent_to_all(sender, 5);
  EXPECT_EQ(sender.route.in_flight, 5U);
  EXPECT_EQ(sender.transmit(0), Sequences{}) << "it has gone already";
  EXPECT_TRUE(acknowledge(sender, 1, {wire::Le64(0b1110)}, 6));
  EXPECT_EQ(sender.transmit(1000), Sequences{2}) << "three have overtaken it";
  EXPECT_TRUE(sender.acknowledge(2000, 5));
  EXPECT_EQ(sender.window->held(), 0U);
  EXPECT_EQ(sender.window->deadline(), never_ns);
}

TEST(SharedPackets, OverheardAreNotSent) {
  TestedWindow sender;
  sender.allowance->packets = 1;
  sender.send(0, 6);  // one goes; the others are sent to others only
  EXPECT_TRUE(acknowledge(sender, 1, {wire::Le64(0b110)}, 7));
  sender.allowance->packets = 100;
  EXPECT_EQ(sender.transmit(1000), (Sequences{2, 5, 6})) << "3 and 4 it has";
  EXPECT_TRUE(sender.acknowledge(2000, 6));
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(sender.port.alive(), 0U);
}

TEST(SharedPackets, OverheardToTheEndAreAcknowledgedWithoutBeingSent) {
  TestedWindow sender;
  sender.push(4);
  EXPECT_FALSE(acknowledge(sender, 4, {}, 0)) << "nobody has sent it anything";
  EXPECT_FALSE(acknowledge(sender, 4, {}, 4)) << "nor was the last sent to anybody";
  EXPECT_TRUE(acknowledge(sender, 4, {}, 5));
  EXPECT_EQ(sender.window->held(), 0U);
  EXPECT_EQ(sender.transmit(1000), Sequences{});
}

/// The receiver has all, and no room: whether there is room again is asked for at the timeout.
TEST(SharedPackets, OverheardAndNotTakenAreAskedAfter) {
  TestedWindow sender;
  push(sender, 2);
  EXPECT_TRUE(acknowledge(sender, 0, {wire::Le64(0b11)}, 3));
  ASSERT_NE(sender.window->deadline(), never_ns);
  EXPECT_EQ(sender.time_out(), Sequences{1});
}

TEST(SharedPackets, SkippedAreSentNoMore) {
  TestedWindow sender;
  sender.send(0, 6);
  EXPECT_TRUE(acknowledge(sender, 0, {wire::Le64(0b111000)}, 0));  // 1 to 3 are lost
  sender.window->skip_to(3);
  EXPECT_EQ(sender.window->first(), 3);
  EXPECT_EQ(sender.transmit(1000), Sequences{3});
  EXPECT_TRUE(sender.acknowledge(2000, 0)) << "of one that has not heard of it";
  EXPECT_TRUE(sender.acknowledge(2000, 6));
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(sender.port.alive(), 0U);
}

TEST(SharedPackets, SkippingBeyondAllGoesOnThere) {
  TestedWindow sender;
  sender.send(0, 3);
  sender.window->skip_to(11);
  EXPECT_EQ(sender.window->held(), 0U);
  EXPECT_EQ(sender.window->deadline(), never_ns);
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(sender.send(1000, 2), range(11, 12));
  EXPECT_TRUE(sender.acknowledge(2000, 12));
}

/// What was overheard behind what is skipped is not sent, and nothing of it counts as under way.
TEST(SharedPackets, SkippingUpToWhatWasOverheardPassesIt) {
  TestedWindow sender;
  sender.allowance->packets = 1;
  sender.send(0, 6);
  EXPECT_TRUE(acknowledge(sender, 0, {wire::Le64(0b111000)}, 7));  // 4 to 6 it has
  sender.window->skip_to(4);
  sender.allowance->packets = 100;
  EXPECT_EQ(sender.transmit(1000), Sequences{});
  EXPECT_TRUE(sender.acknowledge(2000, 6));
  EXPECT_EQ(sender.send(3000, 128).size(), 64U) << "each place of the window is free again";
  EXPECT_TRUE(sender.acknowledge(4000, 70));
}

TEST(SharedPackets, GoAsTheyAreToTheFirstAndAsCopiesToOthers) {
  MemoryPort port;
  Outbox outbox(port, Sender{});
  constexpr Endpoint first{1, 7777};
  constexpr Endpoint second{2, 7777};
  Packet& packet = *port.allocate();
  outbox.stamp(packet, wire::Type::publication);
  packet.size = 100;
  outbox.send_kept(packet, first);
  outbox.send_kept(packet, second);
  outbox.send_kept(packet, first);
  EXPECT_EQ(packet.peer, first) << "it may still lie in a ring on its way there";
  const auto sent = port.take_transmitted();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[1].to, second);
  EXPECT_EQ(sent[1].bytes, sent[0].bytes);
  EXPECT_EQ(port.alive(), 1U);
  port.release(packet);
}

}  // namespace
}  // namespace muster::test
