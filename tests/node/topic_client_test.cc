// Topics of several threads of one application.
#include <deque>

#include <poll.h>

#include "tests/node/party.h"
#include "tests/node/topics.h"

namespace muster::test {
namespace {

constexpr int threads = 3;
constexpr int messages = 2000;

bool readable_within(int fd, int timeout_ms) {
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, timeout_ms) == 1;
}

std::string topic_name(int thread) { return fmt::format("/topic/{}", thread); }

class NodeClientTopics : public WithClients {
 protected:
  static TopicNumber announce(Party& party, const TopicConfig& topic) {
    const Announced announced = party.client.announce(topic);
    EXPECT_EQ(announced.result, TopicResult::done);
    return announced.topic;
  }
  static bool publish(Party& party, TopicNumber topic, std::string_view payload) {
    return party.until(
        [&] { return party.client.publish(topic, bytes(payload)) == SendResult::sent; });
  }
};
INSTANTIATE_TEST_SUITE_P(Threads, NodeClientTopics, testing::Values(Mode::pipelined), mode_name);

void publish_all(Party& party, TopicNumber topic, const std::atomic<int>& ended) {
  ASSERT_TRUE(party.knows("b"));
  ASSERT_TRUE(party.until([&] { return party.diary.heard("subscriber joined"); }));
  for (int i = 0; i < messages; ++i)
    ASSERT_TRUE(party.until(
        [&] { return party.client.publish(topic, bytes(std::to_string(i))) == SendResult::sent; }));
  party.serve_until([&] { return ended == threads; });
}

/// Three at each side: each hears its own topic, all of it, and nothing else.
TEST_P(NodeClientTopics, EachThreadHasItsOwn) {
  std::atomic<int> ended{0};
  std::deque<Party> at_a;
  std::deque<Party> at_b;
  std::deque<Numbers> heard;
  std::vector<std::function<void()>> bodies;
  for (int i = 0; i < threads; ++i) {
    const auto channel = static_cast<ChannelId>(i + 1);
    Party& publishing = at_a.emplace_back(*a->node, on(channel, false));
    Party& following = at_b.emplace_back(*b->node, on(channel, false));
    Numbers& numbers = heard.emplace_back(following.diary);
    const TopicNumber topic =
        announce(publishing, {.name = topic_name(i), .slow = SlowSubscriber::slows});
    ASSERT_EQ(following.client.subscribe(topic_name(i)).result, TopicResult::done);
    bodies.emplace_back([&publishing, &ended, topic] { publish_all(publishing, topic, ended); });
    bodies.emplace_back([&following, &numbers, &ended] {
      EXPECT_TRUE(following.until([&] { return numbers.heard.size() == messages; }));
      ++ended;
    });
  }
  run(bodies);
  for (const Numbers& numbers : heard) EXPECT_EQ(numbers.heard.front() + numbers.breaks, 0);
  EXPECT_EQ(a->diary.publications + b->diary.publications, 0U);
}

TEST_P(NodeClientTopics, ATopicBelongsToTheThreadThatAnnouncedIt) {
  Party party(*a->node, on(1));
  ASSERT_TRUE(party.knows("b"));
  const TopicNumber topic = announce(party, {.name = "/t"});
  EXPECT_EQ((*a)->publish(topic, bytes("x")), SendResult::no_such_topic);
  EXPECT_FALSE((*a)->withdraw_topic(topic));
  EXPECT_EQ((*a)->announce({.name = "/t"}).result, TopicResult::exists);
  const Subscribed subscribed = party.client.subscribe("/s");
  ASSERT_EQ(subscribed.result, TopicResult::done);
  EXPECT_FALSE((*a)->unsubscribe(subscribed.subscription));
  EXPECT_EQ((*a)->subscribe("/s").result, TopicResult::exists);
  EXPECT_EQ(party.client.publish(topic, bytes("x")), SendResult::sent);
}

TEST_P(NodeClientTopics, EndWithTheirThread) {
  ASSERT_EQ((*b)->subscribe("/t").result, TopicResult::done);
  const Announced of_b = (*b)->announce({.name = "/s"});
  for (int round = 1; round <= 3; ++round) {
    {
      Party party(*a->node, on(1));
      ASSERT_TRUE(party.knows("b"));
      const TopicNumber topic = announce(party, {.name = "/t"});
      ASSERT_EQ(party.client.subscribe("/s").result, TopicResult::done);
      const std::size_t rounds = static_cast<std::size_t>(round);
      ASSERT_TRUE(party.until([&] { return party.diary.heard("subscriber joined"); }));
      ASSERT_TRUE(publish(party, topic, std::to_string(round)));
      ASSERT_TRUE(party.until([&] { return party.client.lag_packets(topic) == 0; }));
      ASSERT_TRUE(until([&] { return b->diary.count("subscriber joined") == rounds; }));
    }
    ASSERT_TRUE(until([&] {
      return b->diary.count("ended /t") == static_cast<std::size_t>(round) &&
             b->diary.count("subscriber left") == static_cast<std::size_t>(round);
    }));
    EXPECT_TRUE(b->diary.heard("published " + std::to_string(round)));
  }
  EXPECT_EQ((*b)->publish(of_b.topic, bytes("to nobody")), SendResult::sent);
}

/// A thread that does not poll slows the one that publishes for it, and no other.
TEST_P(NodeClientTopics, WhoStopsPollingSlowsItsOwnTopicOnly) {
  Party stopped(*b->node, on(1, false));
  Party polled(*b->node, on(2, false));
  ASSERT_EQ(stopped.client.subscribe("/1").result, TopicResult::done);
  ASSERT_EQ(polled.client.subscribe("/2").result, TopicResult::done);
  const Announced first = (*a)->announce({.name = "/1", .slow = SlowSubscriber::slows});
  const Announced second = (*a)->announce({.name = "/2", .slow = SlowSubscriber::slows});
  ASSERT_TRUE(until([&] { return a->diary.count("subscriber joined") == 2; }));
  const std::string filled(1000, '.');
  std::size_t sent = 0;
  ASSERT_TRUE(until([&] {
    const SendResult result = (*a)->publish(first.topic, bytes(filled));
    if (result == SendResult::sent) ++sent;
    return result.lagging() == id("b");
  }));
  for (std::size_t i = 0; i < 1000; ++i)
    ASSERT_TRUE(until([&] {
      polled.client.poll();
      return (*a)->publish(second.topic, bytes(filled)) == SendResult::sent;
    }));
  EXPECT_TRUE(polled.until([&] { return (*a)->poll(), polled.diary.publications == 1000; }));
  EXPECT_EQ(stopped.diary.publications, 0U);
  EXPECT_TRUE(stopped.until([&] { return (*a)->poll(), stopped.diary.publications == sent; }));
}

/// A thread that is woken only by what it waits for: publications, and room for more.
TEST_P(NodeClientTopics, WakeWhoSleeps) {
  const Announced topic =
      (*a)->announce({.name = "/t", .slow = SlowSubscriber::slows, .lag_packets = 16});
  ASSERT_EQ((*b)->subscribe("/t").result, TopicResult::done);
  ASSERT_TRUE(until([&] { return a->diary.heard("subscriber joined"); }));
  const std::string filled(1000, '.');
  std::atomic<std::size_t> heard{0};
  std::thread subscriber([&] {
    const int fd = (*b)->event_fd();
    while (b->diary.publications < 1000) {
      while ((*b)->poll() > 0) {
      }
      heard = b->diary.publications;
      if (heard < 1000 && (*b)->arm() && !readable_within(fd, 10'000)) break;
    }
  });
  const int fd = (*a)->event_fd();
  for (int sent = 0; sent < 1000;) {
    (*a)->poll();
    while (sent < 1000 && (*a)->publish(topic.topic, bytes(filled)) == SendResult::sent) ++sent;
    if (sent < 1000 && (*a)->arm() && !readable_within(fd, 10'000)) break;
  }
  EXPECT_TRUE(until([&] { return (*a)->lag_packets(topic.topic) == 0; }, a));
  subscriber.join();
  EXPECT_EQ(heard, 1000U);
}

}  // namespace
}  // namespace muster::test
