// What a topic is, and what becomes of what is asked of it.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/types.h"

namespace muster {

/// Of an announced topic at its publisher, and of a subscription at its subscriber: from 1, never
/// used again.
using TopicNumber = std::uint64_t;
using SubscriptionNumber = std::uint64_t;

/// docs/protocol.md §9.2.
enum class TopicKind : std::uint8_t {
  reliable,    ///< every message, in order
  last_value,  ///< in order; whoever comes late, or is slow, gets the latest
  unreliable,  ///< what arrives, in order
};

/// What happens when a subscriber lags by as much as it may. Of a last_value topic it goes on at
/// the latest message; an unreliable one does not wait for anybody.
enum class SlowSubscriber : std::uint8_t {
  dropped,  ///< the subscriber is told from where on it gets nothing
  slows,    ///< the publisher has to wait
};

/// A subscriber may lag by history_packets + lag_packets. A last value of more packets than that
/// comes to those alone who are not slow; and one of more than history_packets is not kept for
/// newcomers.
struct TopicConfig {
  std::string name;  ///< a wire::valid_path() of at most 237 bytes
  TopicKind kind = TopicKind::reliable;
  SlowSubscriber slow = SlowSubscriber::dropped;
  bool multicast = true;              ///< use it, where it reaches two subscribers or more
  std::uint32_t history_packets = 0;  ///< kept for late joiners: see From
  std::uint32_t lag_packets = 256;    ///< at least 1
};

/// Where a subscriber begins. With the latest message in any case where the topic is last_value.
enum class From : std::uint8_t {
  now,      ///< with the first message that begins after the publisher has heard of it
  history,  ///< with the oldest message that the publisher still has
};

enum class TopicResult : std::uint8_t {
  done,
  exists,        ///< announced, or subscribed to, already
  invalid_name,  ///< see TopicConfig::name
  no_room,       ///< more than MessagingConfig allows, or than the own tree holds
  closed,        ///< this member is not (or no longer) a member
};
struct Announced {
  TopicResult result = TopicResult::done;
  TopicNumber topic = 0;
};
struct Subscribed {
  TopicResult result = TopicResult::done;
  SubscriptionNumber subscription = 0;
};

enum class PublishResult : std::uint8_t {
  sent,           ///< delivered to each subscriber that there is, or that one is told of the gap
  would_block,    ///< a subscriber that slows lags too far: try again later
  not_announced,  ///< no such topic
  out_of_turn,    ///< it goes on with a message that was not begun, or begins one within another
  too_large,      ///< more than wire::message_bytes_max
  closed,         ///< this member is not (or no longer) a member
};
struct PublishOutcome {
  PublishResult result = PublishResult::sent;
  MemberKey blocked_by{};  ///< would_block: whoever lags
};

}  // namespace muster
