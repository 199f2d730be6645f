// Publishers and subscribers of one topic, each a node.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/node/world.h"

namespace muster::test {

/// Hears numbers: each is the one before and one more.
class Numbers {
 public:
  explicit Numbers(Diary& diary) {
    diary.on_news = [this](const Publication& publication) {
      const int number = std::stoi(text(publication.bytes()));
      if (!heard.empty() && number != heard.back() + 1) ++breaks;
      heard.push_back(number);
    };
  }
  std::vector<int> heard;
  int breaks = 0;
};

class NodeTopics : public World {
 protected:
  static constexpr std::string_view prices = "/prices";

  void servers(const NodeConfig& of_a, bool with_c = false) {
    a = &start(of_a);
    NodeConfig next = of_a;
    next.name = "b";
    next.address = "10.77.0.2/24";
    b = &start(next);
    next.name = "c";
    next.address = "10.77.0.3/24";
    if (with_c) c = &start(next);
    ASSERT_TRUE(settle());
  }
  void two() { servers(config("a")); }
  void three() { servers(config("a"), true); }

  TopicNumber announce(const TopicConfig& topic = {.name = std::string(prices),
                                                   .slow = SlowSubscriber::slows}) {
    const Announced announced = (*a)->announce(topic);
    EXPECT_EQ(announced.result, TopicResult::done);
    return announced.topic;
  }
  /// Returns when a has heard of it.
  SubscriptionNumber subscribe(Server& server, From from = From::now) {
    const std::size_t before = a->diary.count("subscriber joined");
    const Subscribed subscribed = server->subscribe(prices, from);
    EXPECT_EQ(subscribed.result, TopicResult::done);
    EXPECT_TRUE(until([&] { return a->diary.count("subscriber joined") > before; }));
    return subscribed.subscription;
  }
  /// b and c follow what a has announced.
  TopicNumber with_both(TopicNumber topic) {
    subscribe(*b);
    subscribe(*c);
    return topic;
  }
  /// While all are polled.
  void publish(TopicNumber topic, std::string_view payload) {
    ASSERT_TRUE(until([&] { return (*a)->publish(topic, bytes(payload)) == SendResult::sent; }));
  }
  void publish_numbers(TopicNumber topic, int first, int end) {
    for (int i = first; i < end; ++i) publish(topic, std::to_string(i));
  }
  bool accepted(TopicNumber topic) {
    return until([&] { return (*a)->lag_packets(topic) == 0; });
  }

  Server* a = nullptr;
  Server* b = nullptr;
  Server* c = nullptr;
};

}  // namespace muster::test
