// As mutation_test.cc, for what topics are promised.
#include <algorithm>

#include <gtest/gtest.h>

#include "cluster/wire/parse.h"
#include "tests/sim/mutated_worlds.h"

namespace muster::sim {
namespace {

template <TopicKind kind>
bool with_topics(const Scenario& scenario) {
  return std::ranges::any_of(scenario.topics,
                             [](const TopicConfig& topic) { return topic.kind == kind; });
}
bool with_any_topics(const Scenario& scenario) { return !scenario.topics.empty(); }
bool with_dropping_topics(const Scenario& scenario) {
  return std::ranges::any_of(scenario.topics, [](const TopicConfig& topic) {
    return topic.kind == TopicKind::reliable && topic.slow == SlowSubscriber::dropped &&
           topic.lag_packets < 10;
  });
}
bool with_few_streams(const Scenario& scenario) {
  return with_any_topics(scenario) && scenario.messaging.streams_max < scenario.topic_streams();
}
bool with_multicast_topics(const Scenario& scenario) {
  return scenario.deaf == 0 && scenario.servers > 3 &&
         std::ranges::any_of(scenario.topics,
                             [](const TopicConfig& topic) { return topic.multicast; });
}

Matches in_words(std::string_view invariant, std::string_view words) {
  return [=](const Violation& violation) {
    return violation.invariant == invariant && violation.sentence.find(words) != std::string::npos;
  };
}

struct HearsPublicationsTwice final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  bool on_publication(const StreamDelivery& publication) override {
    return inner().on_publication(publication) && inner().on_publication(publication);
  }
};
TEST(Mutation, OfAPublicationDeliveredTwiceIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedEvents<HearsPublicationsTwice>>(
      with_any_topics, in_words("I11", "after message"))));
}

struct LosesAPublication final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  bool on_publication(const StreamDelivery& publication) override {
    return ++heard % 3 == 0 || inner().on_publication(publication);
  }
  int heard = 0;
};
TEST(Mutation, OfAPublicationThatIsLostIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedEvents<LosesAPublication>>(
      with_topics<TopicKind::reliable>, in_words("I11", "and told nothing"))));
}

/// Of each two packets of a stream the second comes first.
struct SwapsPublications final : Mutation {
  void arriving(std::size_t, std::span<std::byte> bytes) override {
    wire::Parsed packet;
    if (wire::parse(bytes, Roster(1).cluster(), packet)) return;
    if (!std::holds_alternative<wire::PublicationView>(packet.body)) return;
    auto& head = *reinterpret_cast<wire::Publication*>(bytes.data() + sizeof(wire::Header));
    head.sequence = ((head.sequence - 1) ^ 1) + 1;
  }
};
TEST(Mutation, OfAStreamWhoseOrderIsSwappedIsNoticed) {
  EXPECT_TRUE((first_violation<SwapsPublications>(with_topics<TopicKind::reliable>,
                                                  in_words("I11", "after message"))));
}

template <StreamChange change>
struct KeepsQuietOf final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  void on_stream(const StreamEvent& event) override {
    if (event.change != change) inner().on_stream(event);
  }
};
TEST(Mutation, OfAGapThatIsNotToldIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedEvents<KeepsQuietOf<StreamChange::gap>>>(
      with_topics<TopicKind::last_value>, in_words("I11", "and told nothing"))));
}
TEST(Mutation, OfADropThatIsNotToldIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedEvents<KeepsQuietOf<StreamChange::dropped>>>(
      with_dropping_topics, in_words("I11", "whether it was dropped"))));
}
TEST(Mutation, OfARefusalThatIsNotToldIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedEvents<KeepsQuietOf<StreamChange::refused>>>(
      with_few_streams, in_words("I11", "not told that there is none"))));
}
TEST(Mutation, OfAStreamWhoseEndIsNotToldIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedEvents<KeepsQuietOf<StreamChange::ended>>>(
      with_any_topics, in_words("I11", "told twice"))));
}

/// Nobody has room for more than a few packets, ever.
struct TakesNoMorePublications final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  bool on_publication(const StreamDelivery& publication) override {
    return taken < 3 && inner().on_publication(publication) && ++taken > 0;
  }
  int taken = 0;
};
TEST(Mutation, OfASubscriberThatNeverGetsTheRestIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedEvents<TakesNoMorePublications>>(
      with_topics<TopicKind::reliable>, in_words("I11", "m"))));
}

/// What one lacks is sent to all.
struct RepairsByMulticast final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    if (packet.peer.address.is_multicast() && type_of(packet) == wire::Type::publication) {
      inner().retain(packet);
      inner().transmit(packet);
    }
    inner().transmit(packet);
  }
};
TEST(Mutation, OfALossForWhichAllPayIsNoticed) {
  EXPECT_TRUE((first_violation<MutatedPorts<RepairsByMulticast>>(
      with_multicast_topics, in_words("I4", "to the group again"))));
}

}  // namespace
}  // namespace muster::sim
