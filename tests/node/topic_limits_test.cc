// What becomes of topics whose subscribers are slow, whose members go, and who is refused.
#include "tests/node/topics.h"

namespace muster::test {
namespace {

class NodeTopicLimits : public NodeTopics {};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeTopicLimits, both_ways, mode_name);

/// One message to a packet.
std::string filled(int number) { return std::to_string(number) + std::string(1000, ' '); }

/// b does not poll: a is told, and nothing is lost for it.
TEST_P(NodeTopicLimits, ASlowSubscriberSlowsThePublisherThatWantsIt) {
  three();
  Numbers at_b(b->diary);
  Numbers at_c(c->diary);
  const TopicNumber topic = with_both(
      announce({.name = std::string(prices), .slow = SlowSubscriber::slows, .lag_packets = 64}));
  int sent = 0;
  SendResult result = SendResult::sent;
  ASSERT_TRUE(until(
      [&] {
        result = (*a)->publish(topic, bytes(filled(sent)));
        if (result == SendResult::sent) ++sent;
        (*c)->poll();
        // c's threads may be late for a moment, too, and a's with what they tell.
        return result.exhausted() == Exhausted::subscriber && result.lagging() == id("b") &&
               !(*a)->may_publish(topic) && (*a)->lag_packets(topic) >= 64;
      },
      a));
  EXPECT_EQ(result, SendResult::would_block);
  EXPECT_GE(sent, 64);
  // What b has not heard is bounded by what its node may hold, its lag, and the queue before that.
  EXPECT_LE(sent, 256 + 64 + 64 + 64);
  const auto all_heard = [&] {
    const auto count = static_cast<std::size_t>(sent);
    return at_b.heard.size() == count && at_c.heard.size() == count;
  };
  ASSERT_TRUE(until(all_heard));
  EXPECT_EQ(at_b.breaks + at_c.breaks, 0);
  EXPECT_TRUE(until([&] { return (*a)->may_publish(topic); }));
  publish(topic, filled(sent++));
  EXPECT_TRUE(until(all_heard));
}

TEST_P(NodeTopicLimits, ASlowSubscriberIsNamedAlsoBehindALongMessage) {
  two();
  const TopicNumber topic =
      announce({.name = std::string(prices), .slow = SlowSubscriber::slows, .lag_packets = 16});
  subscribe(*b);
  const std::string longer = long_message(2'000'000);
  ASSERT_EQ((*a)->publish(topic, bytes(longer)), SendResult::sent);
  ASSERT_TRUE(until(
      [&] {
        const SendResult behind = (*a)->publish(topic, bytes("behind"));
        return behind.exhausted() == Exhausted::subscriber && behind.lagging() == id("b");
      },
      a));
  publish(topic, "behind");
  EXPECT_TRUE(until([&] { return b->diary.heard("published behind"); }));
  EXPECT_TRUE(b->diary.heard("published " + longer));
}

TEST_P(NodeTopicLimits, ASlowSubscriberIsDroppedWhereNobodyWaits) {
  three();
  Numbers at_b(b->diary);
  Numbers at_c(c->diary);
  const TopicNumber topic = with_both(announce({.name = std::string(prices), .lag_packets = 128}));
  int sent = 0;
  // c keeps up: only as much is published as it has not fallen behind for.
  ASSERT_TRUE(until(
      [&] {
        (*c)->poll();
        const bool c_has_all = at_c.heard.size() + 32 > static_cast<std::size_t>(sent);
        if (c_has_all && (*a)->publish(topic, bytes(filled(sent))) == SendResult::sent) ++sent;
        return a->diary.heard("subscriber dropped");
      },
      a));
  publish(topic, filled(sent++));
  ASSERT_TRUE(until([&] {
    return b->diary.heard("dropped /prices") && at_c.heard.size() == static_cast<std::size_t>(sent);
  }));
  EXPECT_EQ(at_c.breaks + at_b.breaks, 0);
  EXPECT_LT(at_b.heard.size(), static_cast<std::size_t>(sent));
  EXPECT_EQ(b->diary.streams.back().first, at_b.heard.size() + 1);  // a packet each
  EXPECT_EQ(a->diary.count("subscriber dropped"), 1U);
  EXPECT_FALSE(c->diary.heard("dropped /prices"));
}

/// Whoever follows as many as it may keeps no publisher waiting, and follows once another has gone.
TEST_P(NodeTopicLimits, ASubscriberWithoutRoomIsToldAndSlowsNobody) {
  NodeConfig narrow = config("a");
  narrow.messaging.streams_max = 1;
  servers(narrow, true);
  const TopicConfig slows{
      .name = std::string(prices), .slow = SlowSubscriber::slows, .lag_packets = 8};
  const TopicNumber topic = announce(slows);
  Numbers at_b(b->diary);
  subscribe(*b);
  const TopicNumber second = (*c)->announce(slows).topic;
  ASSERT_TRUE(until(
      [&] { return b->diary.heard("refused /prices") && c->diary.heard("subscriber refused"); }));
  const auto refused =
      std::ranges::find(b->diary.streams, StreamChange::refused, &StreamEvent::change);
  EXPECT_EQ(refused->stream, (StreamKey{(*c)->self(), second}));
  const auto publish_by_c = [&](int number) {
    return until([&] { return (*c)->publish(second, bytes(filled(number))) == SendResult::sent; });
  };
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(publish_by_c(i)) << i;
  EXPECT_TRUE(at_b.heard.empty());
  (*a)->withdraw_topic(topic);
  ASSERT_TRUE(until([&] { return c->diary.count("subscriber joined") == 2; }));
  ASSERT_TRUE(publish_by_c(500));
  ASSERT_TRUE(until([&] { return !at_b.heard.empty(); }));
  EXPECT_EQ(at_b.heard, std::vector{500});
  EXPECT_EQ(b->diary.count("refused /prices"), 1U);
}

/// That there is no room is known before the subscription has its number.
TEST_P(NodeTopicLimits, ASubscriberWithoutRoomMayComeAfterThePublisher) {
  NodeConfig narrow = config("a");
  narrow.messaging.streams_max = 0;
  servers(narrow);
  const TopicNumber topic = announce();
  ASSERT_TRUE(until([&] { return b->diary.heard("bound /topics/prices/publisher="); }));
  const Subscribed subscribed = (*b)->subscribe(prices);
  ASSERT_EQ(subscribed.result, TopicResult::done);
  ASSERT_TRUE(until(
      [&] { return b->diary.heard("refused /prices") && a->diary.heard("subscriber refused"); }));
  EXPECT_EQ(b->diary.streams.back().stream, (StreamKey{(*a)->self(), topic}));
  EXPECT_EQ(b->diary.streams.back().subscription, subscribed.subscription);
  EXPECT_EQ((*b)->standing(), Standing::member);
}

/// Whoever asks before it publishes loses nobody.
TEST_P(NodeTopicLimits, APublisherThatAsksDropsNobody) {
  two();
  const TopicNumber topic = announce({.name = std::string(prices), .lag_packets = 32});
  Numbers at_b(b->diary);
  subscribe(*b);
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(until([&] { return (*a)->may_publish(topic); }));
    publish(topic, filled(i));
  }
  ASSERT_TRUE(until([&] { return at_b.heard.size() == 2000; }));
  EXPECT_EQ(at_b.breaks, 0);
  EXPECT_FALSE(a->diary.heard("subscriber dropped"));
}

/// Lost packets that nobody hears of do not add up.
TEST_P(NodeTopicLimits, WhatIsLostIsToldAsOneGap) {
  NodeConfig small = config("a");
  small.limits.event_queue = 64;
  servers(small);
  const TopicNumber topic = announce({.name = std::string(prices), .kind = TopicKind::unreliable});
  const Announced other = (*a)->announce({.name = "/other", .kind = TopicKind::unreliable});
  Numbers at_b(b->diary);
  subscribe(*b);
  ASSERT_EQ((*b)->subscribe("/other").result, TopicResult::done);
  ASSERT_TRUE(until([&] { return a->diary.count("subscriber joined") == 2; }));
  std::size_t queued = 0;
  for (int i = 0; i < 3000; ++i) {
    for (const TopicNumber each : {topic, other.topic}) {
      ASSERT_TRUE(
          until([&] { return (*a)->publish(each, bytes(filled(i))) == SendResult::sent; }, a));
      (*a)->poll();
    }
    if (i % 300 == 0) queued = std::max<std::size_t>(queued, (*b)->stats().events_queued);
  }
  EXPECT_LE(queued, 8U);
  EXPECT_EQ((*b)->standing(), Standing::member);
  ASSERT_TRUE(until([&] {
    (*a)->publish(topic, bytes(filled(3000)));
    return b->diary.heard("gap /prices") && !at_b.heard.empty() && at_b.heard.back() == 3000;
  }));
}

TEST_P(NodeTopicLimits, ATopicThatIsWithdrawnEndsForAll) {
  two();
  const TopicNumber topic = announce();
  subscribe(*b);
  publish(topic, "1");
  ASSERT_TRUE(accepted(topic));
  EXPECT_TRUE((*a)->withdraw_topic(topic));
  EXPECT_FALSE((*a)->withdraw_topic(topic));
  EXPECT_EQ((*a)->publish(topic, bytes("2")), SendResult::no_such_topic);
  ASSERT_TRUE(until([&] { return b->diary.heard("ended /prices"); }));
  const TopicNumber again = announce();
  EXPECT_NE(again, topic);
  ASSERT_TRUE(until([&] { return b->diary.count("began /prices") == 2; }));
  publish(again, "3");
  EXPECT_TRUE(until([&] { return b->diary.heard("published 3"); }));
}

TEST_P(NodeTopicLimits, WithdrawingAllEndsTopicsAndSubscriptions) {
  two();
  const TopicNumber topic = announce();
  const Announced back = (*b)->announce({.name = "/back"});
  ASSERT_EQ((*a)->subscribe("/back").result, TopicResult::done);
  subscribe(*b);
  ASSERT_TRUE(until([&] { return b->diary.heard("subscriber joined"); }));
  ASSERT_EQ((*b)->publish(back.topic, bytes("1")), SendResult::sent);
  ASSERT_TRUE(until([&] { return a->diary.heard("published 1"); }));
  EXPECT_EQ((*a)->withdraw_all(), AdvertiseResult::done);
  const TopicNumber next = announce();  // it is not meant
  ASSERT_TRUE(until([&] {
    return b->diary.heard("subscriber left") && a->diary.heard("ended /back") &&
           (*a)->publish(topic, {}) == SendResult::no_such_topic;
  }));
  EXPECT_EQ((*a)->publish(next, bytes("2")), SendResult::sent);
  EXPECT_TRUE(until([&] { return b->diary.heard("published 2"); }));
}

TEST_P(NodeTopicLimits, AMemberThatDiesInMidMessageGivesNothingOfIt) {
  NodeConfig narrow = mortal("a");
  narrow.limits.long_message_bytes = 6 << 20;
  servers(narrow);
  const TopicNumber topic = announce();
  subscribe(*b);
  publish(topic, "1");
  const std::string longer = long_message(4'000'000);
  ASSERT_TRUE(accepted(topic));
  ASSERT_EQ((*a)->publish(topic, bytes(longer)), SendResult::sent);
  ASSERT_TRUE(until([&] {
    const auto type = static_cast<std::size_t>(wire::Type::publication);
    return (*b)->stats().packets_received[type] > 100;
  }));
  a->port->state = Link::down;
  ASSERT_TRUE(until([&] { return b->diary.heard("removed a"); }));
  EXPECT_LT(std::ranges::find(b->diary.entries, "ended /prices"),
            std::ranges::find(b->diary.entries, "removed a"));
  EXPECT_EQ(b->diary.publications, 1U);
  ASSERT_TRUE(until([&] { return a->diary.heard("subscriber left"); }));
  EXPECT_TRUE(accepted(topic));  // to nobody
  // What had begun has left its room to the next.
  a->port->state = Link::up;
  ASSERT_TRUE(until([&] { return b->diary.count("began /prices") == 2; }));
  publish(topic, longer);
  EXPECT_TRUE(until([&] { return b->diary.heard("published " + longer); }));
}

/// Nobody hears a: it is removed while it lives, and is a new incarnation then.
TEST_P(NodeTopicLimits, GoOnWithNewIncarnationsOfEitherSide) {
  servers(mortal("a"));
  const TopicNumber topic = announce();
  const Announced back = (*b)->announce({.name = "/back"});
  ASSERT_EQ((*a)->subscribe("/back").result, TopicResult::done);
  subscribe(*b);
  const auto both_publish = [&](std::string_view payload) {
    const std::string entry = "published " + std::string(payload);
    ASSERT_TRUE(until([&] { return (*a)->publish(topic, bytes(payload)) == SendResult::sent; }));
    ASSERT_TRUE(
        until([&] { return (*b)->publish(back.topic, bytes(payload)) == SendResult::sent; }));
    EXPECT_TRUE(until([&] { return a->diary.heard(entry) && b->diary.heard(entry); })) << payload;
  };
  ASSERT_TRUE(until([&] { return b->diary.heard("subscriber joined"); }));
  both_publish("before");
  const auto unheard = std::make_shared<std::atomic<bool>>(true);
  segment.lose([unheard, from_a = a->port->self()](const Packet&, const Endpoint& from) {
    return *unheard && from == from_a;
  });
  ASSERT_EQ((*a)->publish(topic, bytes(long_message(3'000'000))), SendResult::sent);
  ASSERT_TRUE(until([&] { return b->diary.heard("removed a"); }));
  *unheard = false;
  ASSERT_TRUE(until([&] { return b->diary.count("joined a") == 2; }));
  EXPECT_TRUE(b->diary.heard("ended /prices"));
  ASSERT_TRUE(until([&] {
    return a->diary.count("subscriber joined") >= 2 && b->diary.count("subscriber joined") == 2;
  }));
  both_publish("after");
  EXPECT_EQ(b->diary.publications, 2U);
}

TEST_P(NodeTopicLimits, EveryPacketIsGivenBackInTheEnd) {
  three();
  const TopicNumber topic = announce({.name = std::string(prices),
                                      .slow = SlowSubscriber::slows,
                                      .history_packets = 20,
                                      .lag_packets = 40});
  std::array<std::uint32_t, 3> leaks{1, 1, 1};
  a->port->leaks = leaks.data();
  b->port->leaks = &leaks[1];
  c->port->leaks = &leaks[2];
  subscribe(*b);
  subscribe(*c);
  const std::string longer = long_message(20'000);
  for (TimeNs last = monotonic_ns(); monotonic_ns() - last < 100 * ms; (*a)->poll())
    if ((*a)->publish(topic, bytes(longer)) == SendResult::sent) last = monotonic_ns();
  for (int i = 0; i < 3; ++i) (*b)->poll();
  Server* all[] = {c, a, b};
  for (Server* server : all) server->node.reset();
  EXPECT_EQ(leaks, (std::array<std::uint32_t, 3>{}));
}

TEST_P(NodeTopicLimits, WhatCannotBeIsAValue) {
  NodeConfig small = config("a");
  small.messaging.topics_max = 3;
  small.messaging.subscriptions_max = 1;
  servers(small);
  const TopicNumber topic = announce();
  EXPECT_EQ((*a)->announce({.name = std::string(prices)}).result, TopicResult::exists);
  EXPECT_EQ((*a)->announce({.name = "no path"}).result, TopicResult::invalid_name);
  EXPECT_EQ((*a)->announce({.name = "/x", .lag_packets = 5000}).result, TopicResult::no_room);
  EXPECT_EQ((*a)->announce({.name = "/x", .lag_packets = 1}).result, TopicResult::done);
  EXPECT_EQ((*a)->announce({.name = "/y", .lag_packets = 1}).result, TopicResult::done);
  EXPECT_EQ((*a)->announce({.name = "/z", .lag_packets = 1}).result, TopicResult::no_room);
  EXPECT_EQ((*a)->subscribe("no path").result, TopicResult::invalid_name);
  EXPECT_EQ((*a)->subscribe("/x").result, TopicResult::done);
  EXPECT_EQ((*a)->subscribe("/x").result, TopicResult::exists);
  EXPECT_EQ((*a)->subscribe("/y").result, TopicResult::no_room);
  const std::string more(std::size_t{wire::message_bytes_max} + 1, '.');
  EXPECT_EQ((*a)->publish(topic, bytes(more)), SendResult::too_large);
  EXPECT_EQ((*a)->publish(99, {}), SendResult::no_such_topic);
  EXPECT_FALSE((*a)->may_publish(99));
  EXPECT_FALSE((*a)->withdraw_topic(99));
  EXPECT_FALSE((*a)->unsubscribe(99));
  EXPECT_EQ((*a)->advertise("/topics/prices/publisher"), AdvertiseResult::invalid_path);
  EXPECT_EQ((*a)->withdraw("/topics/prices/publisher"), AdvertiseResult::invalid_path);
  (*a)->leave();
  EXPECT_EQ((*a)->publish(topic, {}), SendResult::closed);
  EXPECT_EQ((*a)->announce({.name = "/w"}).result, TopicResult::closed);
  EXPECT_EQ((*a)->subscribe("/w").result, TopicResult::closed);
}

}  // namespace
}  // namespace muster::test
