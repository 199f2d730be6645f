// What comes to subscribers.
#include "tests/node/topics.h"

namespace muster::test {
namespace {

INSTANTIATE_TEST_SUITE_P(BothWays, NodeTopics, both_ways, mode_name);

TEST_P(NodeTopics, BringEverySubscriberEveryMessageInOrder) {
  three();
  Numbers at_b(b->diary);
  Numbers at_c(c->diary);
  const TopicNumber topic = with_both(announce());
  publish_numbers(topic, 0, 3000);
  ASSERT_TRUE(until([&] { return at_b.heard.size() == 3000 && at_c.heard.size() == 3000; }));
  EXPECT_EQ(at_b.heard.front() + at_c.heard.front() + at_b.breaks + at_c.breaks, 0);
  EXPECT_TRUE(accepted(topic));
  EXPECT_EQ((*b)->stats().publications_delivered, 3000U);
  EXPECT_TRUE(until([&] {
    const auto publishing = (*a)->stats().publishing;
    return publishing.packets_published > 0 &&
           publishing.packets_to_group == publishing.packets_published;
  }));
}

TEST_P(NodeTopics, SurviveLoss) {
  segment.lose(
      [carried = 0](const Packet&, const Endpoint&) mutable { return ++carried % 10 == 0; });
  three();
  Numbers at_b(b->diary);
  Numbers at_c(c->diary);
  const TopicNumber topic = with_both(announce());
  for (int i = 0; i < 300; ++i) {
    publish(topic, std::to_string(i));
    (*a)->flush();
  }
  ASSERT_TRUE(until([&] { return at_b.heard.size() == 300 && at_c.heard.size() == 300; }));
  EXPECT_EQ(at_b.breaks + at_c.breaks, 0);
}

TEST_P(NodeTopics, TellWhoSaysWhat) {
  two();
  const TopicNumber topic = announce();
  const SubscriptionNumber subscription = subscribe(*b);
  int heard = 0;
  b->diary.on_news = [&](const Publication& publication) {
    EXPECT_EQ(publication.from(), (*a)->self());
    EXPECT_EQ(publication.topic(), prices);
    EXPECT_EQ(publication.subscription(), subscription);
    EXPECT_EQ(text(publication.bytes()), "42");
    ++heard;
  };
  publish(topic, "42");
  ASSERT_TRUE(until([&] { return heard == 1; }));
  EXPECT_TRUE(b->diary.heard("began /prices"));
  ASSERT_EQ(b->diary.streams.size(), 1U);
  EXPECT_EQ(b->diary.streams[0].stream, (StreamKey{(*a)->self(), topic}));
  EXPECT_EQ(b->diary.streams[0].subscription, subscription);
}

TEST_P(NodeTopics, MayHaveSeveralPublishers) {
  three();
  announce();
  const Announced of_c = (*c)->announce({.name = std::string(prices)});
  ASSERT_EQ(of_c.result, TopicResult::done);
  subscribe(*b);
  ASSERT_TRUE(until([&] { return c->diary.heard("subscriber joined"); }));
  publish(1, "from a");
  ASSERT_EQ((*c)->publish(of_c.topic, bytes("from c")), SendResult::sent);
  EXPECT_TRUE(until(
      [&] { return b->diary.heard("published from a") && b->diary.heard("published from c"); }));
}

TEST_P(NodeTopics, BringWhoComesLateTheHistoryOrWhatIsNew) {
  three();
  const TopicNumber topic = announce({.name = std::string(prices), .history_packets = 100});
  for (int i = 0; i < 20; ++i) {
    publish(topic, std::to_string(i));
    (*a)->flush();  // a packet each
  }
  ASSERT_TRUE(accepted(topic));
  Numbers at_b(b->diary);
  Numbers at_c(c->diary);
  subscribe(*b, From::history);
  subscribe(*c, From::now);
  publish_numbers(topic, 20, 40);
  ASSERT_TRUE(until([&] { return at_b.heard.size() == 40 && at_c.heard.size() == 20; }));
  EXPECT_EQ(at_b.heard.front(), 0);
  EXPECT_EQ(at_c.heard.front(), 20);
  EXPECT_EQ(at_b.breaks + at_c.breaks, 0);
}

TEST_P(NodeTopics, BringTheLastValueAtOnce) {
  two();
  const TopicNumber topic =
      announce({.name = std::string(prices), .kind = TopicKind::last_value, .history_packets = 4});
  for (int i = 0; i < 20; ++i) {
    publish(topic, std::to_string(i));
    (*a)->flush();
  }
  ASSERT_TRUE(accepted(topic));
  Numbers at_b(b->diary);
  subscribe(*b);
  ASSERT_TRUE(until([&] { return !at_b.heard.empty(); }));
  EXPECT_EQ(at_b.heard, std::vector{19});
  publish(topic, "20");
  EXPECT_TRUE(until([&] { return at_b.heard.size() == 2; }));
}

/// b is cut off for a while: what it hears then is the newest, and that something was left out.
TEST_P(NodeTopics, TakeWhoIsSlowToTheLastValue) {
  two();
  const TopicNumber topic = announce({.name = std::string(prices),
                                      .kind = TopicKind::last_value,
                                      .history_packets = 4,
                                      .lag_packets = 16});
  subscribe(*b);
  publish(topic, "first");
  ASSERT_TRUE(until([&] { return b->diary.heard("published first"); }));
  const std::string filler(1000, ' ');
  int last = 0;
  b->port->state = Link::down;
  ASSERT_TRUE(until([&] {
    if ((*a)->publish(topic, bytes(std::to_string(last) + filler)) == SendResult::sent) ++last;
    return (*a)->stats().publishing.values_skipped > 0;
  }));
  b->port->state = Link::up;
  EXPECT_TRUE(
      until([&] { return b->diary.heard("published " + std::to_string(last - 1) + filler); }));
  EXPECT_TRUE(b->diary.heard("gap /prices"));
  EXPECT_FALSE(b->diary.heard("dropped /prices"));
}

TEST_P(NodeTopics, MayLoseWhatIsUnreliableButNothingElse) {
  two();
  const TopicNumber topic = announce({.name = std::string(prices), .kind = TopicKind::unreliable});
  Numbers at_b(b->diary);
  subscribe(*b);
  segment.lose([carried = 0](const Packet& packet, const Endpoint&) mutable {
    const auto* header = reinterpret_cast<const wire::Header*>(packet.data);
    return header->type == static_cast<std::uint8_t>(wire::Type::publication) && ++carried % 5 == 0;
  });
  for (int i = 0; i < 100; ++i) {
    publish(topic, std::to_string(i));
    (*a)->flush();
  }
  ASSERT_TRUE(until([&] { return !at_b.heard.empty() && at_b.heard.back() == 98; }));
  EXPECT_EQ(at_b.heard.size(), 80U);
  EXPECT_TRUE(std::ranges::is_sorted(at_b.heard));
  EXPECT_EQ(b->diary.count("gap /prices"), 19U);  // the last one nobody knows of
}

TEST_P(NodeTopics, CarryMessagesOfAnySize) {
  three();
  const TopicNumber topic = announce();
  subscribe(*b);
  subscribe(*c);
  for (const std::size_t size : {std::size_t{0}, (*a)->packet_bytes_max(),
                                 (*a)->packet_bytes_max() + 1, std::size_t{1'000'000}}) {
    const std::string payload = long_message(size);
    std::size_t same = 0;
    const auto compare = [&](const Publication& publication) {
      if (publication.size() == size && text(publication.bytes()) == payload) ++same;
    };
    b->diary.on_news = c->diary.on_news = compare;
    publish(topic, payload);
    EXPECT_TRUE(until([&] { return same == 2; })) << size;
  }
}

TEST_P(NodeTopics, CarryTheLargestMessage) {
  two();
  const TopicNumber topic = announce();
  subscribe(*b);
  const std::string payload = long_message(wire::message_bytes_max);
  publish(topic, payload);
  const auto heard = [&] { return b->diary.publications == 1; };
  ASSERT_TRUE(until(heard) || until(heard));  // a busy machine takes its time
  EXPECT_TRUE(b->diary.heard("published " + payload));
}

TEST_P(NodeTopics, TakeWhatWasWrittenIntoThePacket) {
  two();
  const TopicNumber topic = announce();
  subscribe(*b);
  for (const std::size_t size : {std::size_t{16}, (*a)->packet_bytes_max(), std::size_t{50'000}}) {
    const std::string payload = long_message(size);
    Buffer buffer;
    ASSERT_TRUE(until([&] { return static_cast<bool>(buffer = (*a)->claim(size)); }));
    std::ranges::copy(bytes(payload), buffer.bytes().begin());
    EXPECT_EQ((*a)->commit(buffer, topic + 1), SendResult::no_such_topic);
    ASSERT_TRUE(until([&] { return (*a)->commit(buffer, topic) == SendResult::sent; }));
    EXPECT_FALSE(buffer);
    EXPECT_TRUE(until([&] { return b->diary.heard("published " + payload); })) << size;
  }
}

TEST_P(NodeTopics, PutSmallMessagesIntoOnePacket) {
  two();
  const TopicNumber topic = announce();
  subscribe(*b);
  for (int i = 0; i < 50; ++i) ASSERT_EQ((*a)->publish(topic, bytes("small")), SendResult::sent);
  ASSERT_TRUE(until([&] { return b->diary.count("published small") == 50; }));
  EXPECT_TRUE(stays_at(1, [&] { return (*a)->stats().publishing.packets_published; }));
}

TEST_P(NodeTopics, LetMessagesBeKept) {
  NodeConfig few = config("a");
  few.limits.kept_packets = 3;
  servers(few);
  const TopicNumber topic = announce();
  subscribe(*b);
  std::vector<KeptMessage> kept;
  b->diary.on_news = [&](const Publication& publication) { kept.push_back(publication.keep()); };
  for (int i = 0; i < 4; ++i) {
    publish(topic, std::to_string(i));
    (*a)->flush();
  }
  publish(topic, long_message(5000));
  ASSERT_TRUE(until([&] { return kept.size() == 5; }));
  ASSERT_TRUE(accepted(topic));
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(kept[i]);
    EXPECT_EQ(text(kept[i].bytes()), std::to_string(i));
    EXPECT_EQ(kept[i].from(), (*a)->self());
  }
  EXPECT_FALSE(kept[3]);
  EXPECT_EQ(text(kept[4].bytes()), long_message(5000));
}

/// Also while a packet of it is being heard, of which more messages follow.
TEST_P(NodeTopics, SayNothingAfterUnsubscribing) {
  two();
  const TopicNumber topic = announce();
  const SubscriptionNumber subscription = subscribe(*b);
  b->diary.on_news = [&](const Publication& publication) {
    EXPECT_TRUE((*b)->unsubscribe(subscription));
    EXPECT_EQ(publication.topic(), prices);
    EXPECT_EQ(publication.size(), 30'000U);
  };
  publish(topic, long_message(30'000));
  for (int i = 0; i < 10; ++i) publish(topic, "x");
  ASSERT_TRUE(until([&] { return a->diary.heard("subscriber left"); }));
  EXPECT_EQ(b->diary.publications, 1U);
  EXPECT_FALSE((*b)->unsubscribe(subscription));
  // Again, and all of it comes: nothing that was left waiting is in the way.
  b->diary.on_news = nullptr;
  subscribe(*b);
  publish(topic, long_message(60'000));
  EXPECT_TRUE(until([&] { return b->diary.heard("published " + long_message(60'000)); }));
}

TEST_P(NodeTopics, LetAHandlerPublish) {
  two();
  const TopicNumber topic = announce();
  const Announced back = (*b)->announce({.name = "/back"});
  ASSERT_EQ((*a)->subscribe("/back").result, TopicResult::done);
  ASSERT_TRUE(until([&] { return b->diary.heard("subscriber joined"); }));
  subscribe(*b);
  b->diary.on_news = [&](const Publication& publication) {
    EXPECT_EQ((*b)->publish(back.topic, publication.bytes()), SendResult::sent);
  };
  publish(topic, "there and back");
  EXPECT_TRUE(until([&] { return a->diary.heard("published there and back"); }));
}

}  // namespace
}  // namespace muster::test
