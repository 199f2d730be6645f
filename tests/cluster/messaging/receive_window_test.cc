#include "cluster/messaging/receive_window.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/memory_port.h"

namespace muster {
namespace {

using Receipt = ReceiveWindow::Receipt;

struct ReceiveWindowTest : testing::Test {
  /// A packet with these messages; the test's own reference is given back at once.
  Receipt receive(std::uint32_t sequence, const std::vector<std::string>& messages) {
    std::vector<std::byte> bytes;
    for (const auto& message : messages) {
      const wire::Message head{.kind = static_cast<std::uint8_t>(wire::MessageKind::data),
                               .path_length = 0,
                               .payload_length = static_cast<std::uint16_t>(message.size())};
      const auto head_bytes = std::as_bytes(std::span(&head, 1));
      const auto payload = std::as_bytes(std::span(message));
      bytes.insert(bytes.end(), head_bytes.begin(), head_bytes.end());
      bytes.insert(bytes.end(), payload.begin(), payload.end());
    }
    Packet& packet = port.received({}, bytes);
    const auto receipt =
        window.receive(sequence, wire::Messages{packet.data, messages.size()}, packet);
    port.release(packet);
    return receipt;
  }
  bool deliver(std::size_t room = 1000) {
    return window.deliver([&](const wire::MessageView& message, Packet&) {
      if (room == 0) return false;
      --room;
      heard.emplace_back(reinterpret_cast<const char*>(message.payload.data()),
                         message.payload.size());
      return true;
    });
  }
  wire::Session description() const {
    wire::Session session{};
    window.describe(session);
    return session;
  }
  using Strings = std::vector<std::string>;

  test::MemoryPort port;
  ReceiveWindow window{8, port};
  Strings heard;
};

TEST_F(ReceiveWindowTest, DeliversInOrderWhateverTheOrderOfArrival) {
  EXPECT_EQ(receive(3, {"c"}), Receipt::held);
  EXPECT_EQ(receive(2, {"b"}), Receipt::held);
  EXPECT_FALSE(deliver());
  EXPECT_EQ(receive(1, {"a"}), Receipt::held);
  EXPECT_TRUE(deliver());
  EXPECT_EQ(heard, (Strings{"a", "b", "c"}));
  EXPECT_EQ(port.alive(), 0U);
}

TEST_F(ReceiveWindowTest, RecognizesDuplicatesOfWhatItHoldsAndOfWhatItDelivered) {
  receive(1, {"a"});
  deliver();
  receive(3, {"c"});
  EXPECT_EQ(receive(1, {"a"}), Receipt::duplicate);
  EXPECT_EQ(receive(3, {"c"}), Receipt::duplicate);
  EXPECT_EQ(port.alive(), 1U);
}

TEST_F(ReceiveWindowTest, RefusesWhatLiesBeyondTheWindow) {
  EXPECT_EQ(receive(9, {"i"}), Receipt::outside);
  EXPECT_EQ(receive(8, {"h"}), Receipt::held);
  EXPECT_EQ(port.alive(), 1U);
}

TEST_F(ReceiveWindowTest, AcknowledgesWhatWasDeliveredAndSelectivelyWhatIsHeld) {
  receive(1, {"a"});
  receive(3, {"c"});
  receive(5, {"e"});
  deliver();
  EXPECT_EQ(description().acknowledged, 1U);
  EXPECT_EQ(description().selective, 0b101U);
  EXPECT_EQ(description().window_packets, 8U);
}

TEST_F(ReceiveWindowTest, HoldsWhatTheApplicationRefusesAndGivesNoCredit) {
  receive(1, {"a"});
  receive(2, {"b"});
  EXPECT_TRUE(deliver(1));
  EXPECT_TRUE(window.refused());
  EXPECT_EQ(description().acknowledged, 1U);
  EXPECT_EQ(description().window_packets, 0U);
  EXPECT_TRUE(deliver());
  EXPECT_FALSE(window.refused());
  EXPECT_EQ(description().acknowledged, 2U);
  EXPECT_EQ(description().window_packets, 8U);
  EXPECT_EQ(heard, (Strings{"a", "b"}));
}

TEST_F(ReceiveWindowTest, GoesOnWithinAPacketWhereTheApplicationStopped) {
  receive(1, {"a", "b", "c"});
  receive(2, {"d", "e"});
  EXPECT_TRUE(deliver(1));
  EXPECT_EQ(description().acknowledged, 0U);
  EXPECT_FALSE(deliver(0));
  EXPECT_TRUE(deliver(1));
  EXPECT_TRUE(deliver(2));
  EXPECT_EQ(description().acknowledged, 1U);
  EXPECT_TRUE(deliver());
  EXPECT_EQ(heard, (Strings{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(description().acknowledged, 2U);
}

TEST_F(ReceiveWindowTest, ReleasesWhatItHoldsWhenItEnds) {
  {
    ReceiveWindow ending(8, port);
    Packet& packet = port.received({}, {});
    ending.receive(4, wire::Messages{packet.data, 0}, packet);
    ending.receive(7, wire::Messages{packet.data, 0}, packet);
    port.release(packet);
    EXPECT_EQ(port.alive(), 1U);
  }
  EXPECT_EQ(port.alive(), 0U);
}

}  // namespace
}  // namespace muster
