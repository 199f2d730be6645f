// Topics between members: who hears what, by which way, and what a loss costs.
#include "tests/cluster/publishing/topics.h"

namespace muster::test {
namespace {

const TopicConfig prices{.name = "/prices"};

TEST(Publishing, ReachesEverySubscriberInOrder) {
  Cluster cluster({"ann", "bob", "carol", "dave"});
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  cluster.subscribe(cluster.bob(), "/prices");
  cluster.subscribe(cluster.carol(), "/prices");
  cluster.publish_all(cluster.ann(), topic, numbers(1, 20));
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 20));
  EXPECT_EQ(published_to(cluster.carol()), numbers(1, 20));
  EXPECT_EQ(published_to(cluster[3]), Lines{});
  EXPECT_EQ(told(cluster.ann()), (Lines{"subscriber bob joined", "subscriber carol joined"}));
  EXPECT_EQ(told(cluster.bob()), Lines{"stream ann began 1"});
  EXPECT_EQ(sent(cluster.ann(), wire::Type::publication), 20U) << "each once, to the group";
  EXPECT_EQ(cluster.ann().held(), 0U) << "all have all";
}

TEST(Publishing, GoesToOneSubscriberAlone) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  cluster.subscribe(cluster.bob(), "/prices");
  cluster.publish_all(cluster.ann(), topic, numbers(1, 5));
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 5));
  EXPECT_EQ(received(cluster.carol(), wire::Type::publication), 0U);
  EXPECT_EQ(sent(cluster.ann(), wire::Type::publication), 5U);
}

TEST(Publishing, NeedsNoSubscriber) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  cluster.publish_all(cluster.ann(), topic, numbers(1, 500));
  EXPECT_EQ(sent(cluster.ann(), wire::Type::publication), 0U);
  EXPECT_EQ(cluster.ann().held(), 0U);
}

TEST(Publishing, MaySubscribeBeforeAnybodyPublishesAndHearsEachPublisher) {
  Cluster cluster({"ann", "bob", "carol"});
  cluster.subscribe(cluster.bob(), "/prices");
  const TopicNumber of_ann = cluster.announce(cluster.ann(), prices);
  const TopicNumber of_carol = cluster.announce(cluster.carol(), prices);
  const TopicNumber of_bob = cluster.announce(cluster.bob(), prices);
  cluster.publish_all(cluster.ann(), of_ann, {"from ann"});
  cluster.publish_all(cluster.carol(), of_carol, {"from carol"});
  cluster.publish_all(cluster.bob(), of_bob, {"from himself"});
  EXPECT_EQ(published_to(cluster.bob()), (Lines{"from ann", "from carol"}));
}

// docs/protocol.md §7.4, §9.5.
TEST(Publishing, HearsWithEachReportForHowLongItsSenderWasAway) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  cluster.subscribe(cluster.bob(), "/prices");
  std::vector<std::uint16_t> away;
  cluster.segment.filter = [&](const Segment::Transit& transit) {
    if (transit.type == wire::Type::report)
      away.push_back(
          reinterpret_cast<const wire::Report*>(transit.bytes.data() + sizeof(wire::Header))->away);
    return true;
  };
  cluster.publish_all(cluster.ann(), topic, {"before"});
  cluster.bob().member->was_away(7 * wire::away_unit_ns);
  cluster.publish_all(cluster.ann(), topic, {"after"});
  EXPECT_EQ(away, (std::vector<std::uint16_t>{0, 7}));
}

void without_multicast(MemberConfig& config) {
  config.multicast = false;
  for (std::uint32_t place = 1; place <= 4; ++place)
    config.seeds.push_back({0x0a4d0000 + place, 7777});
}

TEST(Publishing, GoesToEachWhereThereIsNoMulticast) {
  Cluster cluster({"ann", "bob", "carol", "dave"}, without_multicast);
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  cluster.subscribe(cluster.bob(), "/prices");
  cluster.subscribe(cluster.carol(), "/prices");
  cluster.publish_all(cluster.ann(), topic, numbers(1, 20));
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 20));
  EXPECT_EQ(published_to(cluster.carol()), numbers(1, 20));
  EXPECT_EQ(sent(cluster.ann(), wire::Type::publication), 40U);
  EXPECT_EQ(received(cluster[3], wire::Type::publication), 0U);
  EXPECT_EQ(cluster.ann().held(), 0U);
}

TEST(Publishing, GoesToTheGroupAndToWhomItDoesNotReach) {
  Cluster cluster({"ann", "bob", "carol"});
  Host& dave = cluster.segment.start("dave", without_multicast);
  Host& erin = cluster.segment.start("erin", without_multicast);
  cluster.segment.run_for(2 * second);
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  for (Host* host : {&cluster.bob(), &cluster.carol(), &dave}) cluster.subscribe(*host, "/prices");
  cluster.publish_all(cluster.ann(), topic, numbers(1, 20));
  for (const Host* host : {&cluster.bob(), &cluster.carol(), &dave})
    EXPECT_EQ(published_to(*host), numbers(1, 20));
  EXPECT_EQ(sent(cluster.ann(), wire::Type::publication), 40U);
  EXPECT_EQ(received(erin, wire::Type::publication), 0U) << "who is deaf, and no subscriber";
  EXPECT_EQ(cluster.ann().held(), 0U);
}

// I4: a loss costs nobody else a packet.
TEST(Publishing, RepairsALossPointToPoint) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  cluster.subscribe(cluster.bob(), "/prices");
  cluster.subscribe(cluster.carol(), "/prices");
  int nth = 0;
  cluster.segment.filter = [&](const Segment::Transit& transit) {
    const bool to_bob = transit.multicast && transit.to.config.name == "bob";
    return !(transit.type == wire::Type::publication && to_bob && ++nth % 5 == 0);
  };
  cluster.publish_all(cluster.ann(), topic, numbers(1, 50));
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 50));
  EXPECT_EQ(published_to(cluster.carol()), numbers(1, 50));
  EXPECT_EQ(received(cluster.carol(), wire::Type::publication), 50U);
  EXPECT_GE(cluster.ann().member->publishing().stats().packets_repaired, 10U);
  EXPECT_EQ(cluster.ann().held(), 0U);
}

TEST(Publishing, IsRepairedWhereTheLastPacketIsLost) {
  Cluster cluster({"ann", "bob", "carol"});
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  cluster.subscribe(cluster.bob(), "/prices");
  cluster.subscribe(cluster.carol(), "/prices");
  cluster.segment.filter = [](const Segment::Transit& transit) {
    return transit.type != wire::Type::publication || !transit.multicast;
  };
  cluster.publish_all(cluster.ann(), topic, {"only one"});
  cluster.segment.run_for(second);
  EXPECT_EQ(published_to(cluster.bob()), Lines{"only one"});
  EXPECT_EQ(published_to(cluster.carol()), Lines{"only one"});
}

/// Some 12,000 packets.
TEST(Publishing, CarriesAMessageOfSixteenMebibytes) {
  std::string large(wire::message_bytes_max, '\0');
  for (std::size_t at = 0; at < large.size(); ++at)
    large[at] = static_cast<char>(at * 7 + at / 251);
  for (const bool multicast : {true, false}) {
    SCOPED_TRACE(multicast ? "to the group" : "to each");
    Cluster cluster({"ann", "bob", "carol"});
    const TopicNumber topic = cluster.announce(
        cluster.ann(), {.name = "/files", .slow = SlowSubscriber::slows, .multicast = multicast});
    cluster.subscribe(cluster.bob(), "/files");
    cluster.subscribe(cluster.carol(), "/files");
    int nth = 0;
    cluster.segment.filter = [&](const Segment::Transit& transit) {
      return transit.type != wire::Type::publication || ++nth % 1000 != 0;
    };
    cluster.publish_long(cluster.ann(), topic, large);
    cluster.segment.run_for(second);
    for (const Host* host : {&cluster.bob(), &cluster.carol()}) {
      ASSERT_EQ(published_to(*host).size(), 1U);
      EXPECT_TRUE(published_to(*host).front() == large);
    }
    EXPECT_EQ(cluster.ann().held(), 0U);
  }
}

TEST(Publishing, RefusesWhatNoReceiverTakes) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  const std::string too_large(wire::message_bytes_max + 1, 'x');
  EXPECT_EQ(publish(cluster.ann(), topic, too_large).result, PublishResult::too_large);
  EXPECT_EQ(publish(cluster.ann(), topic + 1, "x").result, PublishResult::not_announced);
  EXPECT_EQ(begin_to_publish(cluster.ann(), topic).result, PublishResult::sent);
  EXPECT_EQ(publish(cluster.ann(), topic, "x").result, PublishResult::out_of_turn);
  cluster.ann().member->leave(cluster.segment.now());
  EXPECT_EQ(publish(cluster.ann(), topic, "x").result, PublishResult::closed);
  EXPECT_EQ(cluster.ann().member->announce(prices).result, TopicResult::closed);
  EXPECT_EQ(cluster.ann().held(), 0U);
}

TEST(Publishing, SharesAPacketAmongSmallMessages) {
  Cluster cluster({"ann", "bob"});
  const TopicNumber topic = cluster.announce(cluster.ann(), prices);
  cluster.subscribe(cluster.bob(), "/prices");
  Packet& packet = *cluster.ann().port.allocate();
  begin_messages(packet);
  for (const std::string& message : numbers(1, 40))
    EXPECT_TRUE(MessageWriter({}, bytes(message)).write(packet));
  EXPECT_EQ(cluster.ann().member->publish(topic, packet, 40).result, PublishResult::sent);
  cluster.segment.run_for(10 * ms);
  EXPECT_EQ(published_to(cluster.bob()), numbers(1, 40));
  EXPECT_EQ(sent(cluster.ann(), wire::Type::publication), 1U);
}

}  // namespace
}  // namespace muster::test
