// As mutation_test.cc, for what messages are promised.
#include <gtest/gtest.h>

#include "cluster/wire/parse.h"
#include "tests/sim/mutated_worlds.h"

namespace muster::sim {
namespace {

bool with_pieces(const Scenario& scenario) { return scenario.large > 0; }
bool with_channels(const Scenario& scenario) { return scenario.channels > 1; }
bool with_few_to_hold(const Scenario& scenario) { return scenario.messaging.held_packets < 20; }
bool with_short_queues(const Scenario& scenario) {
  return scenario.messaging.window_packets < 8 && scenario.messaging.queue_packets < 8;
}

/// The head of a session packet that carries messages; nullptr: it is none.
wire::Session* session_in(std::span<std::byte> bytes) {
  wire::Parsed packet;
  if (wire::parse(bytes, Roster(1).cluster(), packet)) return nullptr;
  const auto* session = std::get_if<wire::SessionView>(&packet.body);
  if (session == nullptr || session->messages.empty()) return nullptr;
  return reinterpret_cast<wire::Session*>(bytes.data() + sizeof(wire::Header));
}

/// What the fault breaks first may be something else.
Matches in_words(std::string_view words) {
  return [words](const Violation& violation) {
    return violation.invariant == "I11" && violation.sentence.find(words) != std::string::npos;
  };
}

struct HearsTwice final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  bool on_messages(const Delivery& delivery) override {
    return inner().on_messages(delivery) && inner().on_messages(delivery);
  }
};
TEST(Mutation, OfAPacketDeliveredTwiceIsNoticed) {
  EXPECT_EQ(caught<MutatedEvents<HearsTwice>>(), "I11");
}

struct LosesAPacket final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  bool on_messages(const Delivery& delivery) override {
    return ++heard == 3 || inner().on_messages(delivery);
  }
  int heard = 0;
};
TEST(Mutation, OfAPacketThatIsLostIsNoticed) {
  EXPECT_EQ(caught<MutatedEvents<LosesAPacket>>(), "I11");
}

struct LosesAPiece final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  bool on_messages(const Delivery& delivery) override {
    const wire::MessageView first = *wire::messages_in(delivery.packet.data).begin();
    if (!lost && !first.first && !first.last) return lost = true;
    return inner().on_messages(delivery);
  }
  bool lost = false;
};
TEST(Mutation, OfAPieceThatIsLostIsNoticed) {
  EXPECT_TRUE(
      catches<MutatedEvents<LosesAPiece>>("I11", "pieces that make no message", with_pieces));
}

struct SpoilsAPiece final : Mutation {
  void arriving(std::size_t, std::span<std::byte> bytes) override {
    wire::Session* session = session_in(bytes);
    if (session == nullptr) return;
    const wire::MessageView first = *wire::messages_in(bytes.data()).begin();
    if (first.first) return;
    bytes[static_cast<std::size_t>(first.payload.data() - bytes.data())] ^= std::byte{1};
  }
};
TEST(Mutation, OfAByteOfAPieceIsNoticed) {
  EXPECT_TRUE(catches<SpoilsAPiece>("I11", "another payload", with_pieces));
}

/// Of each two packets of a channel the second comes first.
struct SwapsPackets final : Mutation {
  void arriving(std::size_t, std::span<std::byte> bytes) override {
    if (wire::Session* session = session_in(bytes))
      session->sequence = ((session->sequence - 1) ^ 1) + 1;
  }
};
TEST(Mutation, OfAChannelWhoseOrderIsSwappedIsNoticed) {
  EXPECT_TRUE(first_violation<SwapsPackets>(anywhere, in_words("after message")));
}

struct CrossesChannels final : Mutation {
  void arriving(std::size_t, std::span<std::byte> bytes) override {
    wire::Parsed packet;
    if (wire::parse(bytes, Roster(1).cluster(), packet)) return;
    if (std::holds_alternative<wire::SessionView>(packet.body))
      reinterpret_cast<wire::Session*>(bytes.data() + sizeof(wire::Header))->channel ^= 1;
  }
};
TEST(Mutation, OfAMessageThatCrossesChannelsIsNoticed) {
  EXPECT_TRUE(catches<CrossesChannels>("I11", "was given on channel", with_channels));
}

template <std::uint64_t first, std::uint64_t last>
struct Misreports final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  void on_undelivered(const Undelivered& undelivered) override {
    Undelivered told = undelivered;
    told.first += first;
    told.messages -= first + last;
    if (undelivered.messages > first + last) inner().on_undelivered(told);
  }
};
TEST(Mutation, OfAReportThatIsOneMessageShortIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedEvents<Misreports<0, 1>>>(anywhere, in_words("and sent"))));
}
TEST(Mutation, OfAReportThatBeginsOneMessageLateIsNoticed) {
  EXPECT_TRUE(
      (first_violation<MutatedEvents<Misreports<1, 0>>>(anywhere, in_words("that all before"))));
}

struct NeverReports final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  void on_undelivered(const Undelivered&) override {}
};
TEST(Mutation, OfALossThatIsNotReportedIsNoticed) {
  EXPECT_TRUE(catches<MutatedEvents<NeverReports>>("I11", "unsaid"));
}

/// Nobody has room for more than a few packets, ever.
struct TakesNoMore final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  bool on_messages(const Delivery& delivery) override {
    return taken < 5 && inner().on_messages(delivery) && ++taken > 0;
  }
  int taken = 0;
};
TEST(Mutation, OfCreditThatNeverComesBackIsNoticed) {
  EXPECT_TRUE(catches<MutatedEvents<TakesNoMore>>("I11", "have not reached"));
}

TEST(Mutation, OfAMemberThatHoldsMoreThanItMayIsNoticed) {
  constexpr auto greedy = [](MemberConfig& config) { config.messaging.held_packets = 1 << 20; };
  EXPECT_TRUE(
      catches<Misconfigured<greedy>>("I13", "received packets for later", with_few_to_hold));
}
TEST(Mutation, OfAQueueThatOutgrowsItsLimitIsNoticed) {
  constexpr auto lavish = [](MemberConfig& config) { config.messaging.queue_packets += 1 << 10; };
  EXPECT_TRUE(catches<Misconfigured<lavish>>("I13", "its queues at most", with_short_queues));
}

}  // namespace
}  // namespace muster::sim
