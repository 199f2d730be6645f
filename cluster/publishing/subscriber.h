// The topics that this member follows (docs/protocol.md §9).
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/messaging/messaging.h"
#include "cluster/outbox.h"
#include "cluster/publishing/role.h"
#include "cluster/publishing/stats.h"
#include "cluster/publishing/stream.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/random.h"
#include "cluster/timer_queue.h"
#include "cluster/wire/parse.h"

namespace muster {

/// Each subscription follows everybody who publishes its topic, but this member itself.
/// Not thread-safe. Allocates where subscriptions and streams come and begin.
class Subscriber {
 public:
  /// All outlive it. It holds packets within the limit of `messaging`.
  Subscriber(const MessagingConfig& config, Outbox& outbox, Messaging& messaging, Events& events,
             PublishingStats& stats, std::uint64_t seed);

  Subscribed subscribe(std::string_view topic, From from);
  /// Nothing is heard of it any more.
  void unsubscribe(SubscriptionNumber subscription);
  struct Subscription {
    std::string topic;
    From from = From::now;
    bool lacks_streams = false;  ///< some were refused: see lacking()
  };
  /// nullptr: no such subscription.
  const Subscription* find(SubscriptionNumber subscription) const;
  template <class F>
  void for_each(F&& f) const {
    for (const auto& [number, subscription] : subscriptions_) f(number, subscription);
  }
  /// It is followed, begun or not.
  bool follows(const StreamKey& stream) const {
    const auto found = streams_.find({stream.publisher.id, stream.topic});
    return found != streams_.end() && found->second.key() == stream;
  }
  /// Another stream may be followed.
  bool has_room() const { return streams_.size() < config_.streams_max; }
  /// A subscription of which streams were refused, now that there is room; 0: none. As long as
  /// there is room its publishers are to be told again: who was refused is not kept here.
  SubscriptionNumber lacking() { return any_lacks_ && has_room() ? find_lacking() : 0; }
  /// All of its publishers were told again.
  void lacks_none(SubscriptionNumber subscription) {
    subscriptions_.at(subscription).lacks_streams = false;
  }
  /// Streams that are followed, begun or not.
  std::size_t streams() const { return streams_.size(); }
  /// In messages of this publisher that have begun, and not ended, in streams of those
  /// subscriptions for which `bool of_these(SubscriptionNumber)` says yes.
  template <class OfThese>
  std::size_t begun_bytes(const MemberKey& publisher, OfThese&& of_these) const {
    std::size_t bytes = 0;
    for (const auto& [id, stream] : streams_)
      if (stream.begun_bytes() > 0 && stream.key().publisher == publisher &&
          of_these(stream.subscription()))
        bytes += stream.begun_bytes();
    return bytes;
  }

  /// A member has become a publisher, publishes the topic anew, or does not any more.
  void on_publisher(const MemberKey& member, std::string_view topic, const PublisherRole& role);
  void on_publisher_gone(const MemberKey& member, std::string_view topic);
  void remove_member(MemberId member);
  /// All streams end.
  void end_streams();
  void clear();

  /// From anybody, as parse() has accepted it.
  void on_publication(TimeNs now, const wire::Header& header, const wire::PublicationView& view,
                      Packet& packet);
  void on_position(const wire::Header& header, const wire::Position& position);
  TimeNs next_deadline() const { return std::min(timers_.next_ns(), go_on_ns_); }
  void on_deadline(TimeNs now);
  void transmit(TimeNs now);

 private:
  struct StreamId {
    MemberId publisher{};
    TopicNumber topic = 0;
    friend bool operator==(const StreamId&, const StreamId&) = default;
  };
  struct Hash {
    std::size_t operator()(const StreamId& id) const {
      return static_cast<std::uint64_t>(id.publisher) ^ id.topic * 0x9e3779b97f4a7c15;
    }
  };
  template <class Tag>
  using List = boost::intrusive::list<Stream, boost::intrusive::base_hook<StreamListHook<Tag>>,
                                      boost::intrusive::constant_time_size<false>>;

  Stream* find(const wire::Header& header, TopicNumber topic);
  template <class Which>
  void end_where(Which&& which);
  void settle(Stream& stream);
  SubscriptionNumber find_lacking();
  bool refuses(SubscriptionNumber number) const;
  void refuse(Subscription& subscription, const StreamKey& stream, SubscriptionNumber number);
  void answer_refusal(const MemberKey& publisher, const wire::Position& position);

  const MessagingConfig& config_;
  Outbox& outbox_;
  Messaging& messaging_;
  PublishingStats& stats_;
  Random random_;
  const Stream::Shared shared_;
  SubscriptionNumber last_number_ = 0;
  bool any_lacks_ = false;  ///< of the subscriptions
  List<OwesReport> owing_reports_;
  List<OwesPackets> owing_packets_;
  TimerQueue<Stream> timers_;
  TimeNs go_on_ns_ = never_ns;
  std::map<SubscriptionNumber, Subscription> subscriptions_;  // outlive their streams
  std::unordered_map<StreamId, Stream, Hash> streams_;
};

}  // namespace muster
