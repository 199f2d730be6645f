// I14, I13: what nobody may say changes nothing and is counted; what is asked beyond the limits is
// refused.
#include "tests/cluster/publishing/topics.h"

namespace muster::test {
namespace {

const TopicConfig prices{.name = "/prices", .lag_packets = 64};

template <class Body>
std::vector<std::byte> packet_of(wire::Type type, const Host& from, const Body& body,
                                 std::string_view rest = {}) {
  MemoryPort port;
  const MemberKey self = from.member == nullptr ? MemberKey{} : from.member->self();
  Outbox outbox(port, Sender{cluster_id("test"), self});
  Packet& packet = *outbox.open(type);
  reinterpret_cast<wire::Header*>(packet.data)->packet_number = 1 << 20;
  append(packet, body);
  append(packet, bytes(rest));
  std::vector<std::byte> all(packet.payload().begin(), packet.payload().end());
  port.release(packet);
  return all;
}
void hear(Cluster& cluster, Host& host, const Host& from, const std::vector<std::byte>& packet) {
  Packet& raw = host.port.received(from.config.self, packet);
  host.member->on_packet(cluster.segment.now(), raw);
  host.port.release(raw);
}

/// ann publishes to bob, who has heard one message; carol is a stranger to it.
struct Conversation : Cluster {
  Conversation() : Cluster({"ann", "bob", "carol"}) {
    topic = announce(ann(), prices);
    subscription = subscribe(bob(), "/prices");
    publish_all(ann(), topic, {"1"});
  }
  void hear_report(const Host& from, wire::Report report) {
    muster::test::hear(*this, ann(), from, packet_of(wire::Type::report, from, report));
  }
  void hear_position(const Host& from, wire::Position position) {
    muster::test::hear(*this, bob(), from, packet_of(wire::Type::position, from, position));
  }
  void hear_publication(const Host& from, TopicNumber of, std::uint32_t sequence) {
    wire::Publication head{};
    head.topic = of;
    head.sequence = sequence;
    head.messages = 1;
    muster::test::hear(*this, bob(), from,
                       packet_of(wire::Type::publication, from, head, {"\1\0\1\0x", 5}));
  }
  wire::Report report() {
    return {.receiver_incarnation = ann().member->self().incarnation,
            .topic = topic,
            .turn = 1,
            .acknowledged = 1,
            .window_packets = 64,
            .away = 0,
            .kind = 0,
            .selective_words = 0};
  }
  wire::Position position() {
    return {.receiver_incarnation = bob().member->self().incarnation,
            .topic = topic,
            .subscription = subscription,
            .turn = 2,
            .first = 2,
            .kind = 0};
  }
  /// And everything still works.
  void expect_unharmed() {
    publish_all(ann(), topic, numbers(2, 20));
    segment.run_for(second);
    EXPECT_EQ(published_to(bob()), numbers(1, 20));
    EXPECT_EQ(told(bob()), Lines{"stream ann began 1"});
    EXPECT_EQ(told(ann()), Lines{"subscriber bob joined"});
    EXPECT_EQ(ann().held() + bob().held() + carol().held(), 0U);
  }
  PublishingStats stats(Host& host) { return host.member->publishing().stats(); }

  TopicNumber topic = 0;
  SubscriptionNumber subscription = 0;
};

TEST(HostilePublishing, ReportsOfWhatWasNeverSentOrSaidChangeNothing) {
  Conversation all;
  const auto absurd = [&](auto spoil) {
    wire::Report report = all.report();
    spoil(report);
    all.hear_report(all.bob(), report);
  };
  absurd([](wire::Report& report) { report.acknowledged = 2; });
  absurd([](wire::Report& report) { report.acknowledged = 0x9000'0000; });
  absurd([](wire::Report& report) { report.turn = 1'000; });
  absurd([](wire::Report& report) { report.turn = UINT64_MAX; });
  EXPECT_EQ(all.stats(all.ann()).reports_absurd, 4U);
  all.expect_unharmed();
}

/// Nobody refuses what it follows, and nobody is asked before it has refused.
TEST(HostilePublishing, RefusalsOfWhoHasBegunChangeNothing) {
  Conversation all;
  wire::Report report = all.report();
  report.kind = static_cast<std::uint8_t>(wire::ReportKind::refuses);
  all.hear_report(all.bob(), report);
  report.turn = 0;
  all.hear_report(all.bob(), report);
  all.hear_report(all.carol(), report);
  EXPECT_EQ(all.stats(all.ann()).reports_unknown, 1U) << "of a stranger";
  all.expect_unharmed();
}

/// It is told where its stream begins all the same.
TEST(HostilePublishing, QuestionsToWhoHasBegunChangeNothing) {
  Conversation all;
  wire::Position position = all.position();
  position.kind = static_cast<std::uint8_t>(wire::PositionKind::asks);
  position.first = 1'000;
  position.turn = 1;
  all.hear_position(all.ann(), position);
  position.receiver_incarnation = 77;
  all.hear_position(all.carol(), position);
  all.expect_unharmed();
}

TEST(HostilePublishing, ReportsOfStrangersAreCounted) {
  Conversation all;
  all.hear_report(all.carol(), all.report());
  wire::Report report = all.report();
  report.topic = all.topic + 1;
  all.hear_report(all.bob(), report);
  report = all.report();
  report.receiver_incarnation = 77;
  all.hear_report(all.bob(), report);
  EXPECT_EQ(all.stats(all.ann()).reports_unknown, 3U);
  all.expect_unharmed();
}

TEST(HostilePublishing, PositionsOfStrangersAreCounted) {
  Conversation all;
  all.hear_position(all.carol(), all.position());
  const auto unknown = [&](auto spoil) {
    wire::Position position = all.position();
    spoil(position);
    all.hear_position(all.ann(), position);
  };
  unknown([](wire::Position& position) { position.topic = position.topic + 1; });
  unknown([](wire::Position& position) { position.subscription = position.subscription + 1; });
  unknown([](wire::Position& position) { position.receiver_incarnation = 77; });
  EXPECT_EQ(all.stats(all.bob()).positions_unknown, 4U);
  all.expect_unharmed();
}

TEST(HostilePublishing, PublicationsBeyondTheWindowAreDropped) {
  Conversation all;
  all.hear_publication(all.ann(), all.topic, 2 + 256);
  all.hear_publication(all.ann(), all.topic, 0x8000'0010);
  EXPECT_EQ(all.stats(all.bob()).packets_outside_window, 1U);
  EXPECT_EQ(all.stats(all.bob()).packets_duplicate, 1U) << "half a round ahead is behind";
  all.hear_publication(all.carol(), all.topic, 2);
  all.hear_publication(all.ann(), all.topic + 1, 2);
  EXPECT_EQ(all.stats(all.bob()).packets_unknown, 2U);
  all.expect_unharmed();
}

/// Whoever binds such names by himself has no part in anything.
TEST(HostilePublishing, BindingsThatAreNoRolesAreNone) {
  Conversation all;
  EXPECT_EQ(all.carol().member->bind("/topics/prices/subscriber", {}), BindResult::invalid_path);
  Batch batch;
  batch.bind("/topics/prices/subscriber", {});
  EXPECT_EQ(all.carol().member->apply(batch), BindResult::invalid_path);
  EXPECT_EQ(all.bob().member->withdraw("/topics/prices/subscriber"), BindResult::invalid_path);
  all.segment.run_for(second);
  all.expect_unharmed();
}

TEST(HostilePublishing, RolesAreReadAsTheyAreWritten) {
  EXPECT_EQ(topic_subscribed_at(subscriber_path("/a/subscriber")), "/a/subscriber");
  EXPECT_EQ(topic_published_at(publisher_path("/a")), "/a");
  EXPECT_EQ(topic_published_at("/topics/publisher"), "");
  EXPECT_EQ(topic_published_at("/topic/a/publisher"), "");
  const AttributeSet role = subscriber_attributes(18446744073709551615U, From::history);
  EXPECT_EQ(subscriber_of(role.view())->number, 18446744073709551615U);
  EXPECT_EQ(subscriber_of(role.view())->from, From::history);
  EXPECT_FALSE(publisher_of(role.view()).has_value());
  for (const char* number : {"", "0", "-1", "1x", "18446744073709551616"}) {
    AttributeSet wrong;
    wrong.set("number", number);
    wrong.set("kind", "reliable");
    EXPECT_FALSE(publisher_of(wrong.view()).has_value()) << number;
  }
}

TEST(HostilePublishing, NoMoreIsAnnouncedOrFollowedThanMayBe) {
  Cluster cluster({"ann", "bob"}, [](MemberConfig& config) {
    config.messaging.topics_max = 2;
    config.messaging.retained_packets = 100;
    config.messaging.subscriptions_max = 2;
    config.messaging.streams_max = 1;
  });
  Member& ann = *cluster.ann().member;
  const auto announce = [&](const std::string& topic, std::uint32_t lag_packets) {
    return ann.announce({.name = topic, .lag_packets = lag_packets}).result;
  };
  EXPECT_EQ(announce("/a", 101), TopicResult::no_room);
  EXPECT_EQ(announce("/a", 0), TopicResult::no_room);
  EXPECT_EQ(announce("a", 1), TopicResult::invalid_name);
  EXPECT_EQ(announce("/" + std::string(topic_name_bytes_max, 'a'), 1), TopicResult::invalid_name);
  EXPECT_EQ(announce("/" + std::string(topic_name_bytes_max - 1, 'a'), 60), TopicResult::done);
  EXPECT_EQ(announce("/b", 41), TopicResult::no_room);
  EXPECT_EQ(announce("/b", 40), TopicResult::done);
  EXPECT_EQ(announce("/b", 0), TopicResult::exists);
  EXPECT_EQ(announce("/c", 0), TopicResult::no_room);
  Member& bob = *cluster.bob().member;
  cluster.segment.run_for(second);
  EXPECT_EQ(bob.subscribe("/b").result, TopicResult::done);
  EXPECT_EQ(bob.subscribe("/b").result, TopicResult::exists);
  EXPECT_EQ(bob.subscribe("/" + std::string(topic_name_bytes_max - 1, 'a')).result,
            TopicResult::done);
  EXPECT_EQ(bob.subscribe("/c").result, TopicResult::no_room);
  EXPECT_EQ(bob.publishing().subscriber().streams(), 1U);
  EXPECT_EQ(bob.publishing().stats().streams_refused, 1U);
}

}  // namespace
}  // namespace muster::test
