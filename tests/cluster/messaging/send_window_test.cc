#include "cluster/messaging/send_window.h"

#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/memory_port.h"

namespace muster {
namespace {

constexpr Endpoint peer{.address = 9, .port = 9};

struct SendWindowTest : testing::Test {
  SendWindowTest() : window(config(64), outbox, stats) {}

  static MessagingConfig config(std::uint32_t packets) {
    MessagingConfig config;
    config.window_packets = packets;
    config.retransmit_min_ns = 100 * us;
    return config;
  }
  void send(TimeNs now, int packets) {
    for (int i = 0; i < packets; ++i) {
      Packet& packet = *outbox.open(wire::Type::session);
      wire::Session head{};
      head.sequence = sequence_to_wire(window.next());
      append(packet, head);
      window.send(now, packet, peer);
    }
  }
  /// `selective`: sequences.
  bool acknowledge(TimeNs now, Sequence upto, std::initializer_list<Sequence> selective = {},
                   std::uint16_t credit = 64) {
    wire::Session said{};
    said.acknowledged = sequence_to_wire(upto);
    std::uint64_t bits = 0;
    for (const Sequence sequence : selective) bits |= std::uint64_t{1} << (sequence - upto - 2);
    said.selective = bits;
    said.window_packets = credit;
    return window.acknowledge(now, said);
  }
  /// The sequences that went out since the last time.
  std::vector<Sequence> sent() {
    std::vector<Sequence> sequences;
    for (const auto& datagram : port.take_transmitted()) {
      EXPECT_EQ(datagram.to, peer);
      const auto* head =
          reinterpret_cast<const wire::Session*>(datagram.bytes.data() + sizeof(wire::Header));
      sequences.push_back(std::uint32_t{head->sequence});
    }
    return sequences;
  }
  using Sequences = std::vector<Sequence>;

  test::MemoryPort port;
  Outbox outbox{port, Sender{}};
  MessagingStats stats;
  SendWindow window;
};

TEST_F(SendWindowTest, KeepsPacketsUntilTheyAreAcknowledgedCumulatively) {
  send(0, 4);
  sent();
  EXPECT_EQ(port.alive(), 4U);
  EXPECT_TRUE(acknowledge(1000, 0, {2, 3}));
  EXPECT_EQ(port.alive(), 4U);
  EXPECT_TRUE(acknowledge(1000, 3));
  EXPECT_EQ(port.alive(), 1U);
  EXPECT_TRUE(acknowledge(1000, 4));
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(window.deadline(), never_ns);
}

TEST_F(SendWindowTest, ClosesWhenItIsFull) {
  send(0, 63);
  EXPECT_TRUE(window.open());
  send(0, 1);
  EXPECT_FALSE(window.open());
  EXPECT_TRUE(acknowledge(1000, 1));
  EXPECT_TRUE(window.open());
}

TEST_F(SendWindowTest, ClosesWhenThePeersCreditIsUsed) {
  send(0, 1);
  EXPECT_TRUE(acknowledge(1000, 1, {}, 2));
  send(1000, 2);
  EXPECT_FALSE(window.open());
}

// docs/protocol.md §7.3.
TEST_F(SendWindowTest, SendsAPeerWithoutRoomOnePacketAlone) {
  send(0, 1);
  EXPECT_TRUE(acknowledge(1000, 1, {}, 0));
  EXPECT_TRUE(window.open());
  send(1000, 1);
  EXPECT_FALSE(window.open());
}

TEST_F(SendWindowTest, AllOfAFullWindowCanBeAcknowledgedAtOnce) {
  send(0, 64);
  EXPECT_TRUE(acknowledge(1000, 64));
  EXPECT_EQ(window.in_flight(), 0U);
  EXPECT_EQ(window.round_trip().smoothed_ns(), 1000U);
}

TEST_F(SendWindowTest, IsNeverLargerThanItsOwnLimitWhateverThePeerGrants) {
  send(0, 1);
  EXPECT_TRUE(acknowledge(1000, 1, {}, 65535));
  send(1000, 64);
  EXPECT_FALSE(window.open());
}

// docs/protocol.md §7.4.
TEST_F(SendWindowTest, RetransmitsOnceWhatThreeLaterOnesHaveOvertaken) {
  send(0, 6);
  sent();
  EXPECT_TRUE(acknowledge(1000, 1, {3, 4}));
  EXPECT_EQ(sent(), Sequences{});
  EXPECT_TRUE(acknowledge(1000, 1, {3, 4, 5}));
  EXPECT_EQ(sent(), Sequences{2});
  EXPECT_TRUE(acknowledge(1000, 1, {3, 4, 5, 6}));
  EXPECT_EQ(sent(), Sequences{});
  EXPECT_EQ(stats.packets_retransmitted, 1U);
}

TEST_F(SendWindowTest, RetransmitsSeveralHolesAtOnce) {
  send(0, 9);
  sent();
  EXPECT_TRUE(acknowledge(1000, 0, {2, 4, 6, 8}));
  EXPECT_EQ(sent(), (Sequences{1, 3}));
}

TEST_F(SendWindowTest, LeavesAWaitingPacketAloneWhileThePeerHasNoRoom) {
  send(0, 5);
  sent();
  EXPECT_TRUE(acknowledge(1000, 0, {2, 3, 4, 5}, 0));
  EXPECT_EQ(sent(), Sequences{});
}

TEST_F(SendWindowTest, RetransmitsTheOldestAtTheTimeoutAndBacksOff) {
  send(0, 1);
  EXPECT_TRUE(acknowledge(10 * us, 1));
  send(1 * ms, 2);
  sent();
  EXPECT_EQ(window.deadline(), 1100 * us);
  window.on_deadline(1100 * us);
  EXPECT_EQ(sent(), Sequences{2});
  EXPECT_EQ(window.deadline(), 1300 * us);
  window.on_deadline(1300 * us);
  EXPECT_EQ(sent(), Sequences{2});
  EXPECT_EQ(window.deadline(), 1700 * us);
}

TEST_F(SendWindowTest, RetransmitsTheOldestThoughThePeerHoldsIt) {
  send(0, 2);
  EXPECT_TRUE(acknowledge(1000, 0, {2}, 0));
  EXPECT_TRUE(acknowledge(1000, 1, {}, 0));
  sent();
  window.on_deadline(window.deadline());
  EXPECT_EQ(sent(), Sequences{2});
}

TEST_F(SendWindowTest, RetransmitsTheRestWhenThePeerAnswersAfterATimeout) {
  send(0, 6);
  sent();
  window.on_deadline(window.deadline());
  EXPECT_EQ(sent(), Sequences{1});
  send(20 * ms, 1);  // after the timeout: not suspected
  sent();
  EXPECT_TRUE(acknowledge(21 * ms, 2, {4}));
  EXPECT_EQ(sent(), (Sequences{3, 5, 6}));
  EXPECT_TRUE(acknowledge(22 * ms, 3, {5}));
  EXPECT_EQ(sent(), Sequences{});
}

TEST_F(SendWindowTest, EachProgressStartsTheTimerAgain) {
  send(0, 3);
  EXPECT_TRUE(acknowledge(10 * us, 1));
  EXPECT_EQ(window.deadline(), 110 * us);
  EXPECT_TRUE(acknowledge(50 * us, 1, {3}));
  EXPECT_EQ(window.deadline(), 110 * us);
  EXPECT_TRUE(acknowledge(60 * us, 2, {}));
  EXPECT_GT(window.deadline(), 110 * us);
}

TEST_F(SendWindowTest, TakesNoSampleOfARetransmittedPacket) {
  send(0, 1);
  window.on_deadline(window.deadline());
  EXPECT_TRUE(acknowledge(20 * ms, 1));
  EXPECT_EQ(window.round_trip().smoothed_ns(), std::nullopt);
  send(30 * ms, 1);
  EXPECT_TRUE(acknowledge(30 * ms + 5000, 2));
  EXPECT_EQ(window.round_trip().smoothed_ns(), 5000U);
}

TEST_F(SendWindowTest, TakesOneSampleOfAPacketWhenItFirstHearsOfIt) {
  send(0, 2);
  EXPECT_TRUE(acknowledge(8000, 0, {2}));
  EXPECT_EQ(window.round_trip().smoothed_ns(), 8000U);
  EXPECT_TRUE(acknowledge(9 * us, 1));
  EXPECT_EQ(window.round_trip().smoothed_ns(), 8125U);
  EXPECT_TRUE(acknowledge(5 * ms, 2));  // the application took its time
  EXPECT_EQ(window.round_trip().smoothed_ns(), 8125U);
}

TEST_F(SendWindowTest, RefusesAcknowledgementsOfWhatWasNeverSent) {
  send(0, 5);
  EXPECT_TRUE(acknowledge(1000, 2));
  sent();
  const TimeNs deadline = window.deadline();
  EXPECT_FALSE(acknowledge(2000, 6, {}, 1));
  EXPECT_FALSE(acknowledge(2000, 2, {4, 6}, 1));
  EXPECT_FALSE(acknowledge(2000, 1, {60}, 1));
  EXPECT_FALSE(acknowledge(2000, 1000, {}, 1));
  EXPECT_FALSE(acknowledge(2000, 0x9000'0000, {}, 1));
  EXPECT_EQ(window.in_flight(), 3U);
  EXPECT_EQ(window.deadline(), deadline);
  EXPECT_EQ(window.round_trip().smoothed_ns(), 1000U);
  EXPECT_EQ(sent(), Sequences{});
  EXPECT_TRUE(window.open());  // the credit of 1 was not taken
}

TEST_F(SendWindowTest, IgnoresAnAcknowledgementThatWasOvertaken) {
  send(0, 5);
  EXPECT_TRUE(acknowledge(1000, 3));
  EXPECT_TRUE(acknowledge(2000, 1, {3}, 0));
  EXPECT_EQ(window.in_flight(), 2U);
  EXPECT_TRUE(window.open());
}

}  // namespace
}  // namespace muster
