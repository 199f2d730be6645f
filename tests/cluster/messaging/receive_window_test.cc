#include "cluster/messaging/receive_window.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/memory_port.h"

namespace muster {
namespace {

using Receipt = ReceiveWindow::Receipt;
using Numbers = std::vector<std::uint32_t>;

/// A receive window of which each packet bears its sequence.
struct Receiver {
  Receiver(std::uint32_t packets, test::MemoryPort& pool, HoldingLimit& limit)
      : port(pool), window(packets, pool, limit) {}

  /// The test's own reference is given back at once.
  Receipt receive(std::uint32_t sequence, std::uint32_t opens_bytes = 0) {
    Packet& packet = port.received({}, std::as_bytes(std::span(&sequence, 1)));
    const Receipt receipt = window.receive(sequence, packet, opens_bytes);
    port.release(packet);
    return receipt;
  }
  Numbers deliver(std::size_t room = 100'000) {
    Numbers heard;
    const std::uint32_t accepted = window.deliver([&](Packet& packet, std::uint32_t) {
      if (heard.size() == room) return false;
      std::uint32_t sequence = 0;
      std::memcpy(&sequence, packet.data, sizeof sequence);
      heard.push_back(sequence);
      return true;
    });
    EXPECT_EQ(accepted, heard.size());
    return heard;
  }
  wire::Session description() const {
    wire::Session session{};
    window.describe(session);
    return session;
  }
  std::vector<std::uint64_t> selective() const {
    std::vector<std::uint64_t> words;
    words.reserve(window.selective_words());
    for (std::size_t i = 0; i < window.selective_words(); ++i)
      words.push_back(window.selective_word(i));
    return words;
  }

  test::MemoryPort& port;
  ReceiveWindow window;
};

struct ReceiveWindowTest : testing::Test {
  test::MemoryPort port;
  HoldingLimit limit{100};
  Receiver receiver{8, port, limit};
};

TEST_F(ReceiveWindowTest, DeliversInOrderWhateverTheOrderOfArrival) {
  EXPECT_EQ(receiver.receive(3), Receipt::held);
  EXPECT_EQ(receiver.receive(2), Receipt::held);
  EXPECT_EQ(receiver.deliver(), Numbers{});
  EXPECT_EQ(receiver.receive(1), Receipt::held);
  EXPECT_EQ(receiver.deliver(), (Numbers{1, 2, 3}));
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(limit.left(), 100U);
}

TEST_F(ReceiveWindowTest, LetsTheNextPassWhereNothingWaits) {
  EXPECT_FALSE(receiver.window.may_pass(2));
  ASSERT_TRUE(receiver.window.may_pass(1));
  receiver.window.pass();
  EXPECT_EQ(receiver.description().acknowledged, 1U);
  EXPECT_EQ(receiver.receive(1), Receipt::duplicate);
  receiver.receive(3);
  EXPECT_FALSE(receiver.window.may_pass(2)) << "3 would wait for ever";
  receiver.receive(2);
  EXPECT_EQ(receiver.deliver(), (Numbers{2, 3}));
  EXPECT_TRUE(receiver.window.may_pass(4));
  receiver.receive(4);
  receiver.deliver(0);
  EXPECT_FALSE(receiver.window.may_pass(5)) << "the application has no room";
  EXPECT_TRUE(receiver.window.refused());
}

TEST_F(ReceiveWindowTest, RecognizesDuplicatesOfWhatItHoldsAndOfWhatItDelivered) {
  receiver.receive(1);
  receiver.deliver();
  receiver.receive(3);
  EXPECT_EQ(receiver.receive(1), Receipt::duplicate);
  EXPECT_EQ(receiver.receive(3), Receipt::duplicate);
  EXPECT_EQ(port.alive(), 1U);
  EXPECT_EQ(limit.left(), 99U);
}

TEST_F(ReceiveWindowTest, RefusesWhatLiesBeyondTheWindow) {
  EXPECT_EQ(receiver.receive(9), Receipt::outside);
  EXPECT_EQ(receiver.receive(0x7fff'ffff), Receipt::outside);
  EXPECT_EQ(receiver.receive(8), Receipt::held);
  EXPECT_EQ(port.alive(), 1U);
}

TEST_F(ReceiveWindowTest, AcknowledgesWhatWasDeliveredAndSelectivelyWhatIsHeld) {
  EXPECT_TRUE(receiver.selective().empty());
  receiver.receive(1);
  receiver.receive(3);
  receiver.receive(5);
  receiver.deliver();
  EXPECT_EQ(receiver.description().acknowledged, 1U);
  EXPECT_EQ(receiver.selective(), std::vector<std::uint64_t>{0b1010});
  EXPECT_EQ(receiver.description().window_packets, 8U);
}

TEST_F(ReceiveWindowTest, HoldsWhatTheApplicationRefusesAndGivesNoCredit) {
  receiver.receive(1);
  receiver.receive(2);
  EXPECT_EQ(receiver.deliver(1), Numbers{1});
  EXPECT_TRUE(receiver.window.refused());
  EXPECT_EQ(receiver.description().acknowledged, 1U);
  EXPECT_EQ(receiver.description().window_packets, 0U);
  EXPECT_EQ(receiver.selective(), std::vector<std::uint64_t>{1});
  EXPECT_EQ(receiver.deliver(), Numbers{2});
  EXPECT_FALSE(receiver.window.refused());
  EXPECT_EQ(receiver.description().acknowledged, 2U);
  EXPECT_EQ(receiver.description().window_packets, 8U);
  EXPECT_TRUE(receiver.selective().empty());
}

TEST_F(ReceiveWindowTest, TellsTheApplicationWhatAPacketOpens) {
  receiver.receive(1, 5000);
  std::uint32_t opened = 0;
  receiver.window.deliver([&](Packet&, std::uint32_t opens_bytes) {
    opened = opens_bytes;
    return true;
  });
  EXPECT_EQ(opened, 5000U);
}

TEST_F(ReceiveWindowTest, ReleasesWhatItHoldsWhenItEnds) {
  {
    Receiver ending(8, port, limit);
    ending.receive(4);
    ending.receive(7);
    EXPECT_EQ(port.alive(), 2U);
  }
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(limit.left(), 100U);
}

TEST_F(ReceiveWindowTest, GivesCreditForNoMoreThanMayBeHeld) {
  Receiver other(64, port, limit);
  for (std::uint32_t i = 2; i <= 60; ++i) other.receive(i);
  Receiver third(64, port, limit);
  EXPECT_EQ(third.description().window_packets, 41U);
  EXPECT_EQ(other.description().window_packets, 64U);  // what it holds has its room already
}

TEST(HoldingLimitOfAll, AlwaysTakesTheNextInOrder) {
  test::MemoryPort port;
  HoldingLimit limit(10);
  std::vector<std::unique_ptr<Receiver>> receivers;
  receivers.reserve(20);
  for (int i = 0; i < 20; ++i) receivers.push_back(std::make_unique<Receiver>(8, port, limit));
  for (auto& receiver : receivers) receiver->receive(2);
  EXPECT_EQ(limit.left(), 0U);
  EXPECT_EQ(port.alive(), 10U);
  for (auto& receiver : receivers) {
    EXPECT_EQ(receiver->receive(5), Receipt::no_room);
    EXPECT_GE(receiver->description().window_packets, 1U);
  }
  // The applications of half of them have no room either.
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(receivers[i]->receive(1), Receipt::held) << i;
    receivers[i]->deliver(i % 2 == 0 ? 0 : 8);
  }
  for (auto& receiver : receivers) {
    receiver->receive(2);
    receiver->deliver();
    receiver->receive(2);
    receiver->deliver();
    EXPECT_EQ(receiver->description().acknowledged, 2U);
  }
  EXPECT_EQ(limit.left(), 10U);
}

class ReceiveWindowOf : public testing::TestWithParam<std::uint32_t> {};

TEST_P(ReceiveWindowOf, HoldsAllOfItBackwards) {
  const std::uint32_t packets = GetParam();
  test::MemoryPort port;
  HoldingLimit limit(packets);
  Receiver receiver(packets, port, limit);
  std::uint32_t first = 1;
  for (int round = 0; round < 4; ++round, first += packets) {
    EXPECT_EQ(receiver.receive(first + packets), Receipt::outside);
    for (std::uint32_t i = packets; i-- > 1;)
      ASSERT_EQ(receiver.receive(first + i), Receipt::held) << i;
    EXPECT_EQ(receiver.deliver(), Numbers{});
    const auto words = receiver.selective();
    ASSERT_EQ(words.size(), packets == 1 ? 0 : (packets + 63) / 64);
    for (std::uint32_t i = 0; i < words.size() * 64; ++i)
      ASSERT_EQ((words[i / 64] >> (i % 64) & 1) != 0, i > 0 && i < packets) << i;
    EXPECT_EQ(receiver.receive(first), Receipt::held);
    EXPECT_EQ(receiver.deliver().size(), packets);
    EXPECT_TRUE(receiver.selective().empty());
    EXPECT_EQ(receiver.description().acknowledged, first + packets - 1);
  }
  EXPECT_EQ(port.alive(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Packets, ReceiveWindowOf, testing::Values(1, 2, 64, 1000, 1024));

TEST_F(ReceiveWindowTest, SkipsWhatWillNotCome) {
  EXPECT_EQ(receiver.receive(1), Receipt::held);
  EXPECT_EQ(receiver.receive(3), Receipt::held);
  EXPECT_EQ(receiver.receive(6), Receipt::held);
  receiver.window.skip_to(5);
  EXPECT_EQ(port.alive(), 1U) << "what was held of it is given back";
  EXPECT_EQ(limit.held(), 1U);
  EXPECT_EQ(receiver.deliver(), Numbers{});
  EXPECT_EQ(receiver.receive(4), Receipt::duplicate);
  EXPECT_EQ(receiver.receive(5), Receipt::held);
  EXPECT_EQ(receiver.deliver(), (Numbers{5, 6}));
  receiver.window.skip_to(3);
  EXPECT_EQ(receiver.window.delivered(), 6) << "never back";
  receiver.window.skip_to(1001);
  EXPECT_EQ(receiver.description().acknowledged, 1000U);
  EXPECT_EQ(receiver.receive(1001), Receipt::held);
  EXPECT_EQ(receiver.deliver(), Numbers{1001});
}

}  // namespace
}  // namespace muster
