// Who comes late, is slow, goes, dies and comes back.
#include "tests/cluster/publishing/topics.h"

namespace muster::test {
namespace {

TopicConfig with_history(std::uint32_t packets) {
  return topic_of(TopicKind::reliable, SlowSubscriber::dropped, packets, 64);
}

// Late.

TEST(Subscribers, WhoComesLateBeginsNow) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic = cluster.announce(cluster.ann(), with_history(8));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.publish_all(cluster.ann(), topic, numbers(1, 20));
  cluster.subscribe(cluster.carol(), topic_name);
  cluster.publish_all(cluster.ann(), topic, numbers(21, 40));
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 40));
  EXPECT_EQ(published_to(cluster.carol()), numbers(21, 40));
  EXPECT_EQ(told(cluster.carol()), Lines{"stream ann began 21"});
}

TEST(Subscribers, WhoComesLateBeginsWithTheHistory) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic = cluster.announce(cluster.ann(), with_history(8));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.publish_all(cluster.ann(), topic, numbers(1, 20));
  const auto to_bob = received(cluster.bob(), wire::Type::publication);
  cluster.subscribe(cluster.carol(), topic_name, From::history);
  EXPECT_EQ(published_to(cluster.carol()), numbers(13, 20));
  EXPECT_EQ(received(cluster.bob(), wire::Type::publication), to_bob) << "it pays for it alone";
  cluster.publish_all(cluster.ann(), topic, numbers(21, 40));
  EXPECT_EQ(published_to(cluster.carol()), numbers(13, 40));
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 40));
  EXPECT_EQ(cluster.ann().held(), 8U) << "the history, and nothing else";
}

TEST(Subscribers, HistoryBeginsWithAMessage) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), with_history(4));
  const std::string long_one(3'000, 'x');  // three packets
  cluster.publish_all(cluster.ann(), topic, {"1", long_one, "2", "3"});
  cluster.subscribe(cluster.bob(), topic_name, From::history);
  EXPECT_EQ(published_to(cluster.bob()), (Lines{"2", "3"})) << "the long one has lost its head";
}

TEST(Subscribers, NobodyBeginsInTheMiddleOfAMessage) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), with_history(0));
  const std::string long_one(3'000, 'x');
  MessageWriter writer({}, bytes(long_one));
  while (!writer.done()) {
    ASSERT_EQ(publish_piece(cluster.ann(), topic, writer).result, PublishResult::sent);
    if (cluster.bob().member->publishing().subscriber().streams() == 0 ||
        told(cluster.ann()).empty())
      cluster.subscribe(cluster.bob(), topic_name);
  }
  cluster.publish_all(cluster.ann(), topic, {"whole"});
  EXPECT_EQ(published_to(cluster.bob()), Lines{"whole"});
  EXPECT_EQ(told(cluster.bob()), Lines{"stream ann began 4"});
}

TEST(Subscribers, WhoComesLateGetsTheLatestValue) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(
      cluster.ann(), topic_of(TopicKind::last_value, SlowSubscriber::dropped, 8, 8));
  const std::string long_one(5'000, 'x');
  cluster.publish_all(cluster.ann(), topic, {"1", "2", long_one});
  cluster.subscribe(cluster.bob(), topic_name);
  EXPECT_EQ(published_to(cluster.bob()), Lines{long_one});
  EXPECT_EQ(cluster.ann().held(), 4U) << "nothing but the latest";
}

// Slow.

TEST(Subscribers, WhoIsSlowSlowsThePublisherThatWantsIt) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic =
      cluster.announce(cluster.ann(), topic_of(TopicKind::reliable, SlowSubscriber::slows, 0, 16));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.subscribe(cluster.carol(), topic_name);
  cluster.bob().events.publications_max = 5;
  int published = 0;
  PublishOutcome outcome;
  while (outcome.result == PublishResult::sent && published < 1000) {
    outcome = publish(cluster.ann(), topic, std::to_string(published + 1));
    if (outcome.result == PublishResult::sent) ++published;
    cluster.segment.run_for(ms);
  }
  EXPECT_EQ(outcome.result, PublishResult::would_block);
  EXPECT_EQ(outcome.blocked_by, cluster.bob().member->self());
  EXPECT_FALSE(cluster.ann().member->may_publish(topic));
  EXPECT_EQ(published, 5 + 16);
  cluster.bob().events.publications_max = SIZE_MAX;
  cluster.segment.run_for(second);
  EXPECT_TRUE(cluster.ann().member->may_publish(topic));
  for (const Host* host : {&cluster.bob(), &cluster.carol()})
    EXPECT_EQ(published_to(*host), numbers(1, published));
  EXPECT_EQ(cluster.ann().held(), 0U);
}

// I12: a slow one is dropped with an event, and disturbs nobody.
TEST(Subscribers, WhoIsSlowIsDroppedAndTold) {
  Cluster cluster({"ann", "bob", "carol", "dave"});
  const TopicNumber topic = cluster.announce(
      cluster.ann(), topic_of(TopicKind::reliable, SlowSubscriber::dropped, 0, 16));
  for (Host* host : {&cluster.bob(), &cluster.carol(), &cluster[3]})
    cluster.subscribe(*host, topic_name);
  cluster.bob().events.publications_max = 5;
  for (int number = 1; number <= 100; ++number) {
    ASSERT_EQ(publish(cluster.ann(), topic, std::to_string(number)).result, PublishResult::sent);
    cluster.segment.run_for(100 * us);
    ASSERT_EQ(published_to(cluster.carol()).size(), static_cast<std::size_t>(number))
        << "at once, whoever else is slow";
  }
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 5));
  EXPECT_EQ(told(cluster.bob()), (Lines{"stream ann began 1", "stream ann dropped from 6"}));
  EXPECT_EQ(told(cluster.ann()).back(), "subscriber bob dropped");
  EXPECT_EQ(published_to(cluster[3]), numbers(1, 100));
  EXPECT_EQ(cluster.ann().held() + cluster.bob().held(), 0U);
  EXPECT_EQ(cluster.ann().member->publishing().stats().subscribers_dropped, 1U);
}

TEST(Subscribers, WhoWasDroppedMaySubscribeAnew) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), with_history(0));
  const SubscriptionNumber first = cluster.subscribe(cluster.bob(), topic_name);
  cluster.bob().events.publications_max = 0;
  for (int number = 1; number <= 100; ++number)
    publish(cluster.ann(), topic, std::to_string(number));
  cluster.segment.run_for(second);
  ASSERT_EQ(told(cluster.bob()).back(), "stream ann dropped from 1");
  cluster.bob().events.publications_max = SIZE_MAX;
  cluster.bob().member->unsubscribe(first);
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.publish_all(cluster.ann(), topic, {"again"});
  EXPECT_EQ(published_to(cluster.bob()), Lines{"again"});
  EXPECT_EQ(told(cluster.bob()).back(), "stream ann began 101");
}

/// The word that one is dropped is repeated until it is known to have come.
TEST(Subscribers, AreToldOfTheGapThoughWordOfItIsLost) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), with_history(0));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.bob().events.publications_max = 0;
  int positions = 0;
  int reports_lost = 0;
  cluster.segment.filter = [&](const Segment::Transit& transit) {
    if (transit.type == wire::Type::position) return ++positions > 3;
    const bool answers = positions > 3 && transit.type == wire::Type::report;
    return !answers || ++reports_lost > 3;
  };
  for (int number = 1; number <= 100; ++number)
    publish(cluster.ann(), topic, std::to_string(number));
  cluster.segment.run_for(5 * second);
  EXPECT_EQ(told(cluster.bob()), (Lines{"stream ann began 1", "stream ann dropped from 1"}));
  EXPECT_EQ(positions, 7) << "three were lost, three answers were, and then it was silent";
}

/// Nor does anybody hang where there is no packet to say it in, at first or later.
TEST(Subscribers, AreToldThoughThereIsNoPacketForItForAWhile) {
  for (const bool at_first : {true, false}) {
    SCOPED_TRACE(at_first ? "at first" : "later");
    Cluster cluster({"ann", "bob"});
    const TopicNumber topic = cluster.announce(cluster.ann(), with_history(0));
    bool lost = true;
    cluster.segment.filter = [&](const Segment::Transit& transit) {
      return transit.type != wire::Type::position || !lost;
    };
    const auto exhaust = [](Host& host) { host.port.set_packets_max(host.port.alive()); };
    if (at_first) exhaust(cluster.ann());
    cluster.subscribe(cluster.bob(), topic_name);
    exhaust(cluster.ann());
    cluster.segment.run_for(100 * ms);
    EXPECT_EQ(told(cluster.bob()), Lines{});
    lost = false;
    cluster.ann().port.set_packets_max(4096);
    exhaust(cluster.bob());  // who cannot say that he knows
    cluster.segment.run_for(100 * ms);
    cluster.bob().port.set_packets_max(4096);
    cluster.segment.run_for(second);
    cluster.publish_all(cluster.ann(), topic, {"1"});
    EXPECT_EQ(published_to(cluster.bob()), Lines{"1"});
  }
}

TEST(Subscribers, WhoIsSlowGoesOnAtTheLatestValue) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic = cluster.announce(
      cluster.ann(), topic_of(TopicKind::last_value, SlowSubscriber::dropped, 4, 12));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.subscribe(cluster.carol(), topic_name);
  cluster.bob().events.publications_max = 3;
  for (int number = 1; number <= 100; ++number) {
    ASSERT_EQ(publish(cluster.ann(), topic, std::to_string(number)).result, PublishResult::sent);
    cluster.segment.run_for(100 * us);
  }
  EXPECT_EQ(published_to(cluster.carol()), numbers(1, 100));
  cluster.bob().events.publications_max = SIZE_MAX;
  cluster.segment.run_for(second);
  const Lines heard = published_to(cluster.bob());
  ASSERT_GE(heard.size(), 4U);
  EXPECT_EQ(heard.back(), "100");
  EXPECT_LT(heard.size(), 25U) << "most were skipped";
  EXPECT_TRUE(told(cluster.bob())[1].starts_with("stream ann gap 4 to "));
  EXPECT_GE(cluster.ann().member->publishing().stats().values_skipped, 5U);
}

TEST(Subscribers, AValueLongerThanTheLagIsSkippedByWhoIsSlow) {
  Cluster cluster({"ann", "bob", "carol"});
  TopicConfig config = topic_of(TopicKind::last_value, SlowSubscriber::dropped, 4, 12);
  config.multicast = false;  // or it would hear the rest with the others
  const TopicNumber topic = cluster.announce(cluster.ann(), config);
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.subscribe(cluster.carol(), topic_name);
  cluster.publish_all(cluster.ann(), topic, {"1"});
  cluster.bob().events.publications_max = 2;
  const std::string long_one(40'000, 'x');  // some thirty packets
  MessageWriter writer({}, bytes(long_one));
  while (!writer.done()) {
    ASSERT_EQ(publish_piece(cluster.ann(), topic, writer).result, PublishResult::sent);
    cluster.segment.run_for(100 * us);
  }
  cluster.bob().events.publications_max = SIZE_MAX;
  cluster.publish_all(cluster.ann(), topic, {"2"});
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), (Lines{"1", "2"}));
  EXPECT_EQ(published_to(cluster.carol()), (Lines{"1", long_one, "2"}));
}

SendResult send(Host& from, const Host& to, std::string_view message) {
  Packet& packet = *from.port.allocate();
  begin_messages(packet);
  EXPECT_TRUE(MessageWriter({}, bytes(message)).write(packet));
  return from.member->send({to.member->self(), 0}, packet, 1);
}

/// What is lost of a topic leaves the way free.
TEST(Subscribers, WhoHearsNothingOfATopicIsSentMessagesAllTheSame) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic =
      cluster.announce(cluster.ann(), topic_of(TopicKind::reliable, SlowSubscriber::slows, 0, 100));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.publish_all(cluster.ann(), topic, {"0"});
  cluster.segment.filter = [](const Segment::Transit& transit) {
    return transit.type != wire::Type::publication;
  };
  for (int number = 1; number <= 100; ++number)
    publish(cluster.ann(), topic, std::to_string(number));
  cluster.segment.run_for(20 * ms);
  for (std::size_t said = 1; said <= 100; ++said) {
    ASSERT_EQ(send(cluster.ann(), cluster.bob(), "hi"), SendResult::sent);
    cluster.segment.run_for(ms);
    ASSERT_EQ(cluster.bob().events.count("message ann hi"), said);
  }
  cluster.segment.filter = {};
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), numbers(0, 100));
}

// Gone.

TEST(Subscribers, WhoDiesFreesWhatWasKeptForIt) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic =
      cluster.announce(cluster.ann(), topic_of(TopicKind::reliable, SlowSubscriber::slows, 0, 16));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.subscribe(cluster.carol(), topic_name);
  cluster.segment.crash(cluster.bob());
  for (int number = 1; number <= 16; ++number)
    EXPECT_EQ(publish(cluster.ann(), topic, std::to_string(number)).result, PublishResult::sent);
  EXPECT_EQ(publish(cluster.ann(), topic, "x").result, PublishResult::would_block);
  cluster.segment.run_for(second);
  EXPECT_EQ(told(cluster.ann()).back(), "subscriber bob left");
  EXPECT_EQ(cluster.ann().held(), 0U);
  cluster.publish_all(cluster.ann(), topic, {"17"});
  EXPECT_EQ(published_to(cluster.carol()), numbers(1, 17));
}

TEST(Subscribers, WhoUnsubscribesHearsNothingMore) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), with_history(0));
  const SubscriptionNumber subscription = cluster.subscribe(cluster.bob(), topic_name);
  cluster.publish_all(cluster.ann(), topic, numbers(1, 3));
  cluster.bob().member->unsubscribe(subscription);
  publish(cluster.ann(), topic, "on its way");
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 3));
  EXPECT_EQ(told(cluster.ann()).back(), "subscriber bob left");
  EXPECT_EQ(cluster.ann().held(), 0U);
}

TEST(Subscribers, HearThatAStreamEndsInTheMiddleOfAMessage) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), with_history(0));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.publish_all(cluster.ann(), topic, {"whole"});
  EXPECT_EQ(begin_to_publish(cluster.ann(), topic).result, PublishResult::sent);
  cluster.segment.run_for(10 * ms);
  cluster.segment.crash(cluster.ann());
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), Lines{"whole"});
  const auto& heard = cluster.bob().events.heard;
  ASSERT_EQ(told(cluster.bob()).back(), "stream ann ended");
  // I7: nothing names an incarnation after its removal.
  EXPECT_LT(std::ranges::find(heard, "stream ann ended"), std::ranges::find(heard, "died ann"));
  EXPECT_EQ(cluster.bob().held(), 0U);
}

/// So an application that ends its own accounts when it hears of its standing has all of them.
TEST(Subscribers, HearOfAllThatEndsBeforeTheyHearThatTheyHaveLeft) {
  Cluster cluster({"ann", "bob"});
  cluster.announce(cluster.ann(), with_history(0));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.segment.filter = [](const Segment::Transit&) { return false; };
  ASSERT_EQ(send(cluster.bob(), cluster.ann(), "lost"), SendResult::sent);
  cluster.bob().events.heard.clear();
  cluster.bob().member->leave(cluster.segment.now());
  EXPECT_EQ(cluster.bob().events.heard,
            (Lines{"stream ann ended", "undelivered ann 1 to 1", "standing left"}));
}

TEST(Subscribers, FollowTheNextLifeOfAPublisher) {
  Cluster cluster({"ann", "bob"});
  TopicNumber topic = cluster.announce(cluster.ann(), with_history(0));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.publish_all(cluster.ann(), topic, numbers(1, 3));
  cluster.segment.crash(cluster.ann());
  Host& again = cluster.segment.start("ann");
  cluster.segment.run_for(second);
  topic = cluster.announce(again, with_history(0));
  cluster.publish_all(again, topic, numbers(4, 6));
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 6));
  EXPECT_EQ(told(cluster.bob()),
            (Lines{"stream ann began 1", "stream ann ended", "stream ann began 1"}));
}

TEST(Subscribers, HearThatATopicIsWithdrawnAndFollowItAnew) {
  Cluster cluster({"ann", "bob"});
  TopicNumber topic = cluster.announce(cluster.ann(), with_history(0));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.publish_all(cluster.ann(), topic, numbers(1, 3));
  cluster.ann().member->withdraw_topic(topic);
  EXPECT_EQ(publish(cluster.ann(), topic, "x").result, PublishResult::not_announced);
  topic = cluster.announce(cluster.ann(), with_history(0));  // one change for those who are behind
  cluster.publish_all(cluster.ann(), topic, numbers(4, 6));
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 6));
  cluster.ann().member->withdraw_all(cluster.segment.now());
  cluster.segment.run_for(second);
  EXPECT_EQ(told(cluster.bob()).back(), "stream ann ended");
  EXPECT_EQ(cluster.bob().member->publishing().subscriber().streams(), 0U);
}

/// One that was removed while it lived is a new incarnation of itself, and everything begins anew.
TEST(Subscribers, AndPublishersBeginAnewAsNewIncarnations) {
  for (const std::size_t paused : {0U, 1U}) {
    SCOPED_TRACE(paused == 0 ? "the publisher" : "the subscriber");
    Cluster cluster({"ann", "bob", "carol"});
    const TopicNumber topic = cluster.announce(cluster.ann(), with_history(8));
    cluster.subscribe(cluster.bob(), topic_name);
    cluster.subscribe(cluster.carol(), topic_name);
    cluster.publish_all(cluster.ann(), topic, numbers(1, 3));
    if (paused == 0) {
      EXPECT_EQ(begin_to_publish(cluster.ann(), topic).result, PublishResult::sent);
    }
    const MemberKey before = cluster[paused].member->self();
    cluster.segment.pause(cluster[paused]);
    cluster.segment.run_for(2 * second);
    cluster.segment.resume(cluster[paused]);
    cluster.segment.run_for(2 * second);
    ASSERT_NE(cluster[paused].member->self(), before);
    cluster.publish_all(cluster.ann(), topic, numbers(4, 6));
    cluster.segment.run_for(second);
    EXPECT_EQ(published_to(cluster.bob()), numbers(1, 6));
    EXPECT_EQ(published_to(cluster.carol()), numbers(1, 6));
    EXPECT_EQ(told(cluster.bob()).back(),
              paused == 0 ? "stream ann began 1" : "stream ann began 4");
  }
}

}  // namespace
}  // namespace muster::test
