// Who follows as many streams as it may. docs/protocol.md §9.9.
#include "tests/cluster/publishing/topics.h"

namespace muster::test {
namespace {

constexpr DurationNs a_while = 2 * second;  // many times what passes between two questions

/// ann and bob publish the same to carol, who may follow one stream, and has begun with ann's.
struct Refusal : Cluster {
  explicit Refusal(const TopicConfig& config = topic_of(TopicKind::reliable, SlowSubscriber::slows,
                                                        0, 4),
                   From from = From::now)
      : Cluster({"ann", "bob", "carol", "dave"}, [](MemberConfig& member) {
          if (member.name == "carol") member.messaging.streams_max = 1;
        }) {
    of_ann = announce(ann(), config);
    subscription = subscribe(carol(), topic_name, from);
    of_bob = announce(bob(), config);
  }
  Host& dave() { return *hosts[3]; }
  const Subscriber& subscriber() { return carol().member->publishing().subscriber(); }
  void expect_flow(const Lines& before, int first) {
    publish_all(bob(), of_bob, numbers(first, first + 20));
    segment.run_for(10 * ms);
    Lines all = before;
    std::ranges::copy(numbers(first, first + 20), std::back_inserter(all));
    EXPECT_EQ(published_to(carol()), all);
  }

  TopicNumber of_ann = 0;
  TopicNumber of_bob = 0;
  SubscriptionNumber subscription = 0;
};

TEST(RefusedStream, IsToldToBothSidesAndSlowsNobody) {
  Refusal all;
  EXPECT_EQ(told(all.carol()), (Lines{"stream ann began 1", "stream bob refused"}));
  EXPECT_EQ(told(all.bob()), (Lines{"subscriber carol joined", "subscriber carol refused"}));
  all.publish_all(all.bob(), all.of_bob, numbers(1, 50));
  all.segment.run_for(a_while);
  EXPECT_EQ(published_to(all.carol()), Lines{});
  EXPECT_EQ(all.bob().held(), 0U);
  EXPECT_EQ(told(all.carol()).size(), 2U) << "it is told once";
}

TEST(RefusedStream, IsToldOnceWhateverElseIsAnnouncedAndSubscribed) {
  Refusal all;
  all.announce(all.carol(), {.name = "/news"});
  all.subscribe(all.carol(), "/weather");
  all.segment.run_for(a_while);
  EXPECT_EQ(all.carol().events.count("stream bob refused"), 1U);
  EXPECT_EQ(all.carol().member->publishing().stats().streams_refused, 1U);
}

TEST(RefusedStream, LetsAPublisherGoOnThatWaits) {
  Cluster cluster({"ann", "bob", "carol"}, [](MemberConfig& member) {
    if (member.name == "carol") member.messaging.streams_max = 1;
  });
  cluster.announce(cluster.ann(), topic_of(TopicKind::reliable, SlowSubscriber::slows, 0, 4));
  cluster.subscribe(cluster.carol(), topic_name);
  cluster.segment.filter = [](const Segment::Transit& transit) {
    return transit.type != wire::Type::report || transit.to.config.name != "bob";
  };
  const TopicNumber topic =
      cluster.announce(cluster.bob(), topic_of(TopicKind::reliable, SlowSubscriber::slows, 0, 4));
  while (publish(cluster.bob(), topic, "x").result == PublishResult::sent) continue;
  cluster.segment.filter = {};
  EXPECT_TRUE(cluster.segment.run_until([&] { return cluster.bob().member->may_publish(topic); }))
      << "it is told again what it refuses";
}

TEST(RefusedStream, BeginsWhereAnotherHasEnded) {
  Refusal all;
  all.publish_all(all.bob(), all.of_bob, numbers(1, 50));
  all.ann().member->withdraw_topic(all.of_ann);
  all.segment.run_for(a_while);
  EXPECT_EQ(told(all.carol()), (Lines{"stream ann began 1", "stream bob refused",
                                      "stream ann ended", "stream bob began 51"}));
  EXPECT_EQ(told(all.bob()), (Lines{"subscriber carol joined", "subscriber carol refused",
                                    "subscriber carol joined"}));
  all.expect_flow({}, 51);
}

TEST(RefusedStream, BeginsWhereAnotherPublisherHasDied) {
  Refusal all;
  all.segment.crash(all.ann());
  ASSERT_TRUE(all.segment.run_until([&] { return all.carol().events.has("stream bob began 1"); }));
  all.expect_flow({}, 1);
}

TEST(RefusedStream, BeginsWhereAnotherTopicIsNotFollowedAnyMore) {
  Refusal all;
  all.announce(all.bob(), {.name = "/news"});
  const SubscriptionNumber news = all.subscribe(all.carol(), "/news");
  EXPECT_NE(news, 0U);
  all.carol().member->unsubscribe(all.subscription);
  all.segment.run_for(a_while);
  EXPECT_EQ(all.carol().events.count("stream bob began 1"), 1U);
  EXPECT_EQ(all.subscriber().streams(), 1U);
}

TEST(RefusedStream, BeginsWithTheHistory) {
  Refusal all(topic_of(TopicKind::reliable, SlowSubscriber::slows, 8, 4), From::history);
  all.publish_all(all.bob(), all.of_bob, numbers(1, 50));
  all.ann().member->withdraw_topic(all.of_ann);
  all.segment.run_for(a_while);
  EXPECT_TRUE(all.carol().events.has("stream bob began 43"));
  all.expect_flow(numbers(43, 50), 51);
}

TEST(RefusedStream, BeginsOnceAMessageBegins) {
  Refusal all;
  ASSERT_EQ(begin_to_publish(all.bob(), all.of_bob).result, PublishResult::sent);
  all.ann().member->withdraw_topic(all.of_ann);
  all.segment.run_for(a_while);
  EXPECT_FALSE(all.carol().events.has("stream bob began 2"));
  EXPECT_EQ(told(all.bob()).back(), "subscriber carol joined");
}

TEST(RefusedStream, OfAnUnreliableTopicBeginsToo) {
  Refusal all(topic_of(TopicKind::unreliable, SlowSubscriber::dropped, 0, 4));
  EXPECT_TRUE(all.carol().events.has("stream bob refused"));
  all.publish_all(all.bob(), all.of_bob, numbers(1, 5));
  EXPECT_EQ(published_to(all.carol()), Lines{});
  all.ann().member->withdraw_topic(all.of_ann);
  all.segment.run_for(10 * ms);
  all.expect_flow({}, 6);
}

TEST(RefusedStream, WhoIsDroppedForItBeginsAllTheSame) {
  const TopicConfig drops = topic_of(TopicKind::reliable, SlowSubscriber::dropped, 0, 4);
  Refusal all(drops);
  all.segment.filter = [&](const Segment::Transit& transit) {
    return transit.type != wire::Type::report;
  };
  const TopicNumber of_dave = all.announce(all.dave(), drops);
  all.publish_all(all.dave(), of_dave, numbers(1, 50));
  EXPECT_EQ(told(all.dave()), (Lines{"subscriber carol joined", "subscriber carol dropped"}));
  all.segment.filter = {};
  all.segment.run_for(a_while);
  EXPECT_EQ(told(all.dave()).back(), "subscriber carol refused");
  all.bob().member->withdraw_topic(all.of_bob);
  all.ann().member->withdraw_topic(all.of_ann);
  all.segment.run_for(a_while);
  EXPECT_TRUE(all.carol().events.has("stream dave began 51"));
}

TEST(RefusedStream, OneOfSeveralBeginsForEachThatEnds) {
  Refusal all;
  const TopicNumber of_dave =
      all.announce(all.dave(), topic_of(TopicKind::reliable, SlowSubscriber::slows, 0, 4));
  EXPECT_EQ(all.carol().events.count("stream dave refused"), 1U);
  all.ann().member->withdraw_topic(all.of_ann);
  all.segment.run_for(a_while);
  const bool bob_first = all.carol().events.has("stream bob began 1");
  EXPECT_NE(bob_first, all.carol().events.has("stream dave began 1"));
  EXPECT_EQ(all.subscriber().streams(), 1U);
  if (bob_first)
    all.bob().member->withdraw_topic(all.of_bob);
  else
    all.dave().member->withdraw_topic(of_dave);
  all.segment.run_for(a_while);
  EXPECT_TRUE(all.carol().events.has("stream bob began 1"));
  EXPECT_TRUE(all.carol().events.has("stream dave began 1"));
  EXPECT_EQ(all.carol().events.count("stream bob refused"), 1U);
  EXPECT_EQ(all.carol().events.count("stream dave refused"), 1U) << "each is told once";
}

/// I13: what comes and goes, and finds no room, leaves nothing behind.
TEST(RefusedStream, CostsTheSubscriberNothing) {
  Refusal all;
  for (int round = 0; round < 20; ++round) {
    all.bob().member->withdraw_topic(all.of_bob);
    all.of_bob =
        all.announce(all.bob(), topic_of(TopicKind::reliable, SlowSubscriber::slows, 0, 4));
  }
  EXPECT_EQ(all.subscriber().streams(), 1U);
  EXPECT_EQ(all.carol().held() + all.bob().held(), 0U);
  const auto asked = received(all.carol(), wire::Type::position);
  all.segment.run_for(10 * second);
  EXPECT_LE(received(all.carol(), wire::Type::position) - asked, 30U) << "it is asked seldom";
  EXPECT_GE(received(all.carol(), wire::Type::position) - asked, 10U);
}

}  // namespace
}  // namespace muster::test
