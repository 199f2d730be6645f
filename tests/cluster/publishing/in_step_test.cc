// Who waits for the packets of the group, and what that saves.
#include "tests/cluster/publishing/topics.h"

namespace muster::test {
namespace {

std::uint64_t copies(const Host& host) {
  return sent(host, wire::Type::publication) - host.member->publishing().stats().packets_to_group;
}

/// The others have still to be sent what was before it, all at once.
TEST(InStep, WhoComesLateWaitsForTheGroup) {
  Cluster cluster({"ann", "bob", "carol", "dave"});
  const TopicNumber topic =
      cluster.announce(cluster.ann(), topic_of(TopicKind::reliable, SlowSubscriber::slows, 0, 256));
  for (Host* host : {&cluster.bob(), &cluster.carol()}) {
    cluster.subscribe(*host, topic_name);
    host->events.publications_max = 0;
  }
  int number = 0;
  while (publish(cluster.ann(), topic, std::to_string(number + 1)).result == PublishResult::sent) {
    ++number;
    cluster.segment.run_for(100 * us);
  }
  ASSERT_EQ(number, 256);
  cluster.subscribe(cluster[3], topic_name);
  const std::uint64_t before = copies(cluster.ann());
  for (std::size_t host : {1U, 2U}) cluster[host].events.publications_max = SIZE_MAX;
  cluster.segment.run_for(second);
  cluster.publish_all(cluster.ann(), topic, numbers(257, 300));
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 300));
  EXPECT_EQ(published_to(cluster.carol()), numbers(1, 300));
  EXPECT_EQ(published_to(cluster[3]), numbers(257, 300));
  EXPECT_LT(copies(cluster.ann()) - before, 10U);
}

/// Also where nobody slows anybody: what the others wait for is nothing but acknowledgements. How
/// many copies are made of a burst that is longer than their windows, if somebody comes within it.
std::uint64_t copies_of_a_burst(bool somebody_comes) {
  Cluster cluster({"ann", "bob", "carol", "dave"},
                  [](MemberConfig& config) { config.messaging.congestion.window_packets_max = 6; });
  const TopicNumber topic = cluster.announce(
      cluster.ann(), topic_of(TopicKind::reliable, SlowSubscriber::dropped, 0, 512));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.subscribe(cluster.carol(), topic_name);
  for (int number = 1; number <= 300; ++number)
    publish(cluster.ann(), topic, std::to_string(number));
  if (somebody_comes) cluster[3].member->subscribe(topic_name);
  cluster.segment.run_for(500 * us);
  EXPECT_LT(published_to(cluster.bob()).size(), 200U);
  for (int number = 301; number <= 400; ++number)
    publish(cluster.ann(), topic, std::to_string(number));
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 400));
  EXPECT_EQ(published_to(cluster.carol()), numbers(1, 400));
  EXPECT_EQ(published_to(cluster[3]), somebody_comes ? numbers(301, 400) : Lines{});
  return copies(cluster.ann());
}

TEST(InStep, WhoComesLateWaitsForABurst) {
  EXPECT_LT(copies_of_a_burst(true), copies_of_a_burst(false) + 20);
}

/// But it does not wait for somebody who takes nothing.
TEST(InStep, WhoComesLateDoesNotWaitForWhoIsSlow) {
  Cluster cluster({"ann", "bob", "carol", "dave"});
  const TopicNumber topic = cluster.announce(
      cluster.ann(), topic_of(TopicKind::reliable, SlowSubscriber::dropped, 0, 256));
  cluster.subscribe(cluster.bob(), topic_name);
  cluster.subscribe(cluster.carol(), topic_name);
  cluster.bob().events.publications_max = cluster.carol().events.publications_max = 0;
  for (int number = 1; number <= 100; ++number) {
    publish(cluster.ann(), topic, std::to_string(number));
    cluster.segment.run_for(100 * us);
  }
  cluster.subscribe(cluster[3], topic_name);
  for (int number = 101; number <= 200; ++number) {
    ASSERT_EQ(publish(cluster.ann(), topic, std::to_string(number)).result, PublishResult::sent);
    cluster.segment.run_for(100 * us);
    ASSERT_EQ(published_to(cluster[3]).size(), static_cast<std::size_t>(number - 100));
  }
}

TEST(InStep, WhoSkipsInABurstMakesNoCopiesForTheOthers) {
  Cluster cluster({"ann", "bob", "carol", "dave"});
  const TopicNumber topic = cluster.announce(
      cluster.ann(), topic_of(TopicKind::last_value, SlowSubscriber::dropped, 4, 12));
  for (std::size_t host : {1U, 2U, 3U}) cluster.subscribe(cluster[host], topic_name);
  cluster[3].events.publications_max = 0;
  for (int burst = 0; burst < 20; ++burst) {
    for (int i = 1; i <= 10; ++i) publish(cluster.ann(), topic, std::to_string(10 * burst + i));
    cluster.segment.run_for(100 * us);
  }
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 200));
  EXPECT_EQ(published_to(cluster.carol()), numbers(1, 200));
  EXPECT_GE(cluster.ann().member->publishing().stats().values_skipped, 5U);
  EXPECT_LT(copies(cluster.ann()), 50U) << "dave's";
}

}  // namespace
}  // namespace muster::test
