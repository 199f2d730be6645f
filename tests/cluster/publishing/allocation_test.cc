// Nothing is allocated once the streams have begun: every operator new of this program is counted.
#include <array>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/message_writer.h"
#include "cluster/publishing/publishing.h"
#include "sim/silent_events.h"
#include "tests/cluster/support/counted_allocations.h"
#include "tests/cluster/support/fixed_port.h"

namespace muster::test {
namespace {

constexpr Endpoint group{0xef4d0001, 7777};

/// Has no room now and then.
struct Counter final : sim::SilentEvents {
  std::size_t heard = 0;
  std::size_t gaps = 0;
  std::size_t offered = 0;
  bool on_publication(const StreamDelivery&) override {
    if (++offered % 5 == 0) return false;
    ++heard;
    return true;
  }
  void on_stream(const StreamEvent& event) override {
    if (event.change == StreamChange::gap) ++gaps;
  }
};

struct Side {
  Side(std::uint64_t id, const MessagingConfig& config)
      : key{MemberId{id}, 1},
        endpoint{static_cast<std::uint32_t>(id), 7777},
        outbox(port, {1, key}, Audience(group)),
        messaging(config, outbox, events),
        publishing(config, outbox, messaging, events, id) {}

  void hear(TimeNs now, Packet& packet) {
    wire::Parsed parsed;
    ASSERT_FALSE(wire::parse(packet.payload(), 1, parsed).has_value());
    const wire::Header& header = *parsed.header;
    if (const auto* view = std::get_if<wire::PublicationView>(&parsed.body))
      publishing.subscriber().on_publication(now, header, *view, packet);
    else if (const auto* position = std::get_if<const wire::Position*>(&parsed.body))
      publishing.subscriber().on_position(header, **position);
    else
      publishing.publisher().on_report(now, header, std::get<wire::ReportView>(parsed.body));
  }

  MemberKey key;
  Endpoint endpoint;
  FixedPort port;
  Outbox outbox;
  Counter events;
  Messaging messaging;
  Publishing publishing;
};

/// One publisher, two subscribers whom the group reaches; each of them loses packets.
struct Trio {
  explicit Trio(const TopicConfig& config, Sequence first = 1) {
    const auto announced = a.publishing.publisher().announce(config, first);
    topic = announced.topic;
    for (Side* side : {&b, &c}) {
      a.messaging.add_peer(side->key, side->endpoint);
      side->messaging.add_peer(a.key, a.endpoint);
      const auto subscribed = side->publishing.subscriber().subscribe(config.name, From::now);
      side->publishing.subscriber().on_publisher(a.key, config.name, {topic, config.kind});
      a.publishing.publisher().on_subscriber(side->key, config.name,
                                             {subscribed.subscription, From::now});
    }
  }
  void say(std::size_t bytes) {
    MessageWriter writer({}, std::span(payload).first(bytes));
    Packet* packet = a.port.allocate();
    ASSERT_NE(packet, nullptr);
    begin_messages(*packet);
    writer.write(*packet);
    if (a.publishing.publisher().publish(topic, *packet, 1).result != PublishResult::sent)
      a.port.release(*packet);
  }
  void turn(TimeNs now) {
    a.publishing.on_deadline(now);
    a.publishing.transmit(now);
    a.port.carry(13, [&](Packet& packet) {
      for (Side* side : {&b, &c})
        if ((packet.peer == group || packet.peer == side->endpoint) && ++arrived % 7 != 0)
          side->hear(now, packet);
    });
    for (Side* side : {&b, &c}) {
      side->publishing.on_deadline(now);
      side->publishing.transmit(now);
      side->port.carry(11, [&](Packet& packet) { a.hear(now, packet); });
    }
  }

  static constexpr MessagingConfig config() { return {}; }
  Side a{1, config()};
  Side b{2, config()};
  Side c{3, config()};
  TopicNumber topic = 0;
  std::array<std::byte, 150> payload{};
  std::size_t arrived = 0;
};

TEST(Publishing, AllocatesNothingOnceItsStreamsHaveBegun) {
  for (const TopicKind kind : {TopicKind::reliable, TopicKind::last_value, TopicKind::unreliable}) {
    Trio trio({.name = "/t",
               .kind = kind,
               .slow = SlowSubscriber::slows,
               .history_packets = 4,
               .lag_packets = 12});
    std::size_t before = 0;
    TimeNs now = second;
    for (std::size_t i = 0; i < 5000; ++i, now += 50 * us) {
      if (i == 200) before = allocations;
      for (int burst = 0; burst < 2; ++burst) trio.say(i % trio.payload.size());
      trio.turn(now);
    }
    EXPECT_EQ(allocations, before);
    const PublishingStats stats = trio.a.publishing.stats();
    EXPECT_GT(trio.b.events.heard, 500U);
    EXPECT_GT(stats.packets_to_group, 100U);
    if (kind == TopicKind::unreliable) continue;
    EXPECT_GT(stats.packets_repaired, 100U);
    EXPECT_GT(trio.b.publishing.stats().deliveries_refused, 100U);
    if (kind == TopicKind::last_value) {
      EXPECT_GT(trio.b.events.gaps, 10U) << "and skips values";
    }
  }
}

/// docs/protocol.md §7.2: the number on the wire begins again at 1.
TEST(Publishing, GoesOnWhereTheSequenceWrapsOnTheWire) {
  Trio trio({.name = "/t", .slow = SlowSubscriber::slows}, sequence_period - 200);
  TimeNs now = second;
  for (std::size_t i = 0; i < 500; ++i, now += 50 * us) {
    trio.say(10);
    trio.turn(now);
  }
  for (std::size_t i = 0; i < 2000; ++i, now += 100 * us) trio.turn(now);
  EXPECT_EQ(trio.a.publishing.stats().packets_published, 500U);
  EXPECT_EQ(trio.b.events.heard, 500U);
  EXPECT_EQ(trio.c.events.heard, 500U);
  EXPECT_EQ(trio.a.publishing.stats().reports_absurd, 0U);
  EXPECT_EQ(trio.a.publishing.publisher().find(trio.topic)->packets_held(), 0U);
}

}  // namespace
}  // namespace muster::test
