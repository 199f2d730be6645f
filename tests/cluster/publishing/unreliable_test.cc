// Topics of which what arrives is heard (docs/protocol.md §9.7).
#include "tests/cluster/publishing/topics.h"

namespace muster::test {
namespace {

const TopicConfig ticks{.name = "/ticks", .kind = TopicKind::unreliable};

TEST(Unreliable, IsHeardByAllAndNeverReported) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic = cluster.announce(cluster.ann(), ticks);
  cluster.subscribe(cluster.bob(), "/ticks");
  cluster.subscribe(cluster.carol(), "/ticks");
  cluster.publish_all(cluster.ann(), topic, numbers(1, 100));
  for (const Host* host : {&cluster.bob(), &cluster.carol()}) {
    EXPECT_EQ(published_to(*host), numbers(1, 100));
    EXPECT_EQ(sent(*host, wire::Type::report), 0U);
  }
  EXPECT_EQ(sent(cluster.ann(), wire::Type::publication), 100U);
  EXPECT_EQ(sent(cluster.ann(), wire::Type::position), 0U);
  EXPECT_EQ(cluster.ann().held(), 0U);
}

/// The n-th packet to bob is lost.
void lose(Cluster& cluster, int nth) {
  cluster.segment.filter = [nth, count = 0](const Segment::Transit& transit) mutable {
    return transit.type != wire::Type::publication || transit.to.config.name != "bob" ||
           ++count != nth;
  };
}

TEST(Unreliable, LosesWhatIsLostAndSaysSo) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), ticks);
  cluster.subscribe(cluster.bob(), "/ticks");
  lose(cluster, 2);
  cluster.publish_all(cluster.ann(), topic, numbers(1, 4));
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), (Lines{"1", "3", "4"}));
  EXPECT_EQ(told(cluster.bob()), (Lines{"stream ann began 1", "stream ann gap 2 to 2"}));
}

TEST(Unreliable, DropsAMessageWithALostPieceWhole) {
  const std::string long_one(4'000, 'x');
  for (const int lost : {2, 3, 4}) {  // of three pieces one
    SCOPED_TRACE(lost);
    Cluster cluster({"ann", "bob"});
    const TopicNumber topic = cluster.announce(cluster.ann(), ticks);
    cluster.subscribe(cluster.bob(), "/ticks");
    lose(cluster, lost);
    cluster.publish_all(cluster.ann(), topic, {"1", long_one, "2", long_one});
    EXPECT_EQ(published_to(cluster.bob()), (Lines{"1", "2", long_one}));
    EXPECT_EQ(told(cluster.bob()).size(), 2U) << "it began, and has one gap";
    EXPECT_EQ(cluster.bob().member->publishing().stats().packets_broken,
              static_cast<std::uint64_t>(4 - lost));
  }
}

/// I12. ann's port takes eight packets in 10 ms, and of what is expendable four.
TEST(Unreliable, GivesWayToHeartbeatsWhereThePortTakesFew) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), ticks);
  cluster.subscribe(cluster.bob(), "/ticks");
  const auto heartbeats_lost = [&] {
    return sent(cluster.ann(), wire::Type::heartbeat) -
           received(cluster.bob(), wire::Type::heartbeat);
  };
  cluster.segment.run_for(10 * us);  // none is on its way
  const std::uint64_t before = heartbeats_lost();
  cluster.segment.filter = [&, window = TimeNs{0}, taken = 0](const auto& transit) mutable {
    if (&transit.from != &cluster.ann() || &transit.to != &cluster.bob()) return true;
    const TimeNs now = cluster.segment.now() / (10 * ms);
    if (std::exchange(window, now) != now) taken = 0;
    return taken < (transit.expendable ? 4 : 8) && ++taken > 0;
  };
  for (int i = 0; i < 3'000; ++i) {
    publish(cluster.ann(), topic, "tick");
    if (i % 2 == 0) cluster.segment.run_for(ms);
  }
  cluster.segment.filter = {};
  cluster.segment.run_for(10 * us);
  EXPECT_LT(received(cluster.bob(), wire::Type::publication), 1'000U);
  EXPECT_EQ(heartbeats_lost(), before);
  EXPECT_FALSE(cluster.bob().events.has("suspected ann"));
}

TEST(Unreliable, DropsWhatIsOlderThanTheNewest) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), ticks);
  cluster.subscribe(cluster.bob(), "/ticks");
  cluster.publish_all(cluster.ann(), topic, {"1"});
  cluster.segment.delay = [late = true]() mutable {
    return std::exchange(late, false) ? ms : DurationNs{0};
  };
  publish(cluster.ann(), topic, "late");
  publish(cluster.ann(), topic, "3");
  cluster.segment.run_for(10 * ms);
  EXPECT_EQ(published_to(cluster.bob()), (Lines{"1", "3"}));
  EXPECT_EQ(cluster.bob().member->publishing().stats().packets_broken, 1U);
}

TEST(Unreliable, IsLostWhereThereIsNoRoom) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), ticks);
  cluster.subscribe(cluster.bob(), "/ticks");
  cluster.publish_all(cluster.ann(), topic, {"1"});
  cluster.bob().events.publications_max = 0;
  cluster.publish_all(cluster.ann(), topic, {"2"});
  cluster.bob().events.publications_max = SIZE_MAX;
  cluster.publish_all(cluster.ann(), topic, {"3"});
  EXPECT_EQ(published_to(cluster.bob()), (Lines{"1", "3"}));
  EXPECT_EQ(told(cluster.bob()).back(), "stream ann gap 2 to 2");
  EXPECT_EQ(cluster.bob().held(), 0U);
}

}  // namespace
}  // namespace muster::test
