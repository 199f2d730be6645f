// A cluster of members with topics, on the tests' segment.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/message_writer.h"
#include "tests/cluster/support/segment.h"

namespace muster::test {

using Host = Segment::Host;
using Lines = std::vector<std::string>;

inline constexpr std::string_view topic_name = "/prices";

inline TopicConfig topic_of(TopicKind kind, SlowSubscriber slow, std::uint32_t history_packets,
                            std::uint32_t lag_packets) {
  return {.name = std::string(topic_name),
          .kind = kind,
          .slow = slow,
          .history_packets = history_packets,
          .lag_packets = lag_packets};
}

/// The next packet of a message.
inline PublishOutcome publish_piece(Host& from, TopicNumber topic, MessageWriter& writer) {
  Packet* packet = from.port.allocate();
  if (packet == nullptr) return {PublishResult::would_block};
  begin_messages(*packet);
  EXPECT_TRUE(writer.write(*packet));
  const PublishOutcome outcome = from.member->publish(topic, *packet, writer.done() ? 1 : 0);
  if (outcome.result != PublishResult::sent) from.port.release(*packet);
  return outcome;
}

/// Writes packets until all is said or one is not sent; what came of the last one.
inline PublishOutcome publish(Host& from, TopicNumber topic, std::string_view payload) {
  PublishOutcome outcome;
  MessageWriter writer({}, bytes(payload));
  while (!writer.done() && outcome.result == PublishResult::sent)
    outcome = publish_piece(from, topic, writer);
  return outcome;
}

/// The first piece of a message that is never ended.
inline PublishOutcome begin_to_publish(Host& from, TopicNumber topic) {
  const std::string payload(4000, 'x');
  MessageWriter writer({}, bytes(payload));
  return publish_piece(from, topic, writer);
}

/// Members ann, bob, carol … that know each other.
struct Cluster {
  using Tune = std::function<void(MemberConfig&)>;

  explicit Cluster(std::initializer_list<const char*> names, const Tune& tune = {}) {
    for (const char* name : names) hosts.push_back(&segment.start(name, tune));
    segment.run_for(second);
  }

  Host& operator[](std::size_t index) { return *hosts[index]; }
  Host& ann() { return *hosts[0]; }
  Host& bob() { return *hosts[1]; }
  Host& carol() { return *hosts[2]; }

  TopicNumber announce(Host& host, const TopicConfig& config) {
    const Announced announced = host.member->announce(config);
    EXPECT_EQ(announced.result, TopicResult::done);
    segment.run_for(50 * ms);
    return announced.topic;
  }
  SubscriptionNumber subscribe(Host& host, std::string_view topic, From from = From::now) {
    const Subscribed subscribed = host.member->subscribe(topic, from);
    EXPECT_EQ(subscribed.result, TopicResult::done);
    segment.run_for(50 * ms);
    return subscribed.subscription;
  }
  /// One after the other, as there is room for them.
  void publish_all(Host& from, TopicNumber topic, const Lines& messages) {
    for (const std::string& message : messages) {
      ASSERT_EQ(publish(from, topic, message).result, PublishResult::sent) << message;
      segment.run_for(100 * us);
    }
  }
  /// Writes a message that may be long, in as many packets as it takes, as there is room for them.
  void publish_long(Host& from, TopicNumber topic, std::string_view payload) {
    MessageWriter writer({}, bytes(payload));
    for (int rounds = 0; !writer.done(); ++rounds) {
      ASSERT_LT(rounds, 10'000'000) << "it never goes on";
      if (!from.member->may_publish(topic)) {
        segment.run_for(10 * us);
        continue;
      }
      ASSERT_EQ(publish_piece(from, topic, writer).result, PublishResult::sent);
    }
  }

  Segment segment;
  std::vector<Host*> hosts;
};

/// What a host was published, in the order in which it heard it.
inline Lines published_to(const Host& host) {
  Lines lines;
  for (const std::string& line : host.events.heard)
    if (line.starts_with("published ")) lines.push_back(line.substr(line.find(' ', 10) + 1));
  return lines;
}
/// What it heard of streams and subscribers.
inline Lines told(const Host& host) {
  Lines lines;
  for (const std::string& line : host.events.heard)
    if (line.starts_with("stream ") || line.starts_with("subscriber ") ||
        line.starts_with("pieces "))
      lines.push_back(line);
  return lines;
}
inline std::uint64_t sent(const Host& host, wire::Type type) {
  return host.member->stats().sent[static_cast<std::size_t>(type)];
}
inline std::uint64_t received(const Host& host, wire::Type type) {
  return host.member->stats().received[static_cast<std::size_t>(type)];
}
inline Lines numbers(int first, int last) {
  Lines lines;
  for (int number = first; number <= last; ++number) lines.push_back(std::to_string(number));
  return lines;
}

}  // namespace muster::test
