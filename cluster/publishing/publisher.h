// The topics that this member publishes (docs/protocol.md §9).
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <string_view>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/messaging/messaging.h"
#include "cluster/outbox.h"
#include "cluster/publishing/role.h"
#include "cluster/publishing/stats.h"
#include "cluster/publishing/topic.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/timer_queue.h"
#include "cluster/wire/parse.h"

namespace muster {

/// Not thread-safe. Allocates where topics and followers come.
class Publisher {
 public:
  /// All outlive it. It uses the ways of `messaging`'s sessions.
  Publisher(const MessagingConfig& config, Outbox& outbox, Messaging& messaging, Events& events,
            PublishingStats& stats);

  /// `first` is the sequence of the stream's first packet.
  Announced announce(const TopicConfig& config, Sequence first = 1);
  /// What its followers have not got by now, they do not get.
  void withdraw(TopicNumber topic);
  /// nullptr: no such topic.
  const Topic* find(TopicNumber topic) const;
  const Topic* find(std::string_view name) const;
  template <class F>
  void for_each(F&& f) const {
    for (const auto& [number, topic] : topics_) f(*topic);
  }

  /// A member has become a subscriber, has become another, or is none any more.
  void on_subscriber(const MemberKey& member, std::string_view topic, const SubscriberRole& role);
  void on_subscriber_gone(const MemberKey& member, std::string_view topic);
  /// Before its session ends.
  void remove_member(MemberId member);
  /// All streams begin anew, without followers. Before the sessions begin anew.
  void begin_anew();
  void clear();

  PublishOutcome publish(TopicNumber topic, Packet& packet, std::uint32_t messages);

  /// From anybody, as parse() has accepted it; false: nobody knows the follower or the topic.
  void on_report(TimeNs now, const wire::Header& header, const wire::ReportView& report);
  /// On the way to some member there may be room again.
  void way_has_changed();
  TimeNs next_deadline() const { return std::min(timers_.next_ns(), go_on_ns_); }
  void on_deadline(TimeNs now);
  void transmit(TimeNs now) {
    go_on_ns_ = never_ns;
    if (ways_left_ || !to_look_at_.empty()) send(now);
  }

  /// Packets sent again, to one.
  std::uint64_t packets_repaired() const { return sending_.packets_retransmitted; }

 private:
  using List = boost::intrusive::list<Topic, boost::intrusive::constant_time_size<false>>;

  Topic* find_topic(std::string_view name) const;
  std::size_t packets_reserved() const;
  void look_at(Topic& topic);
  void send(TimeNs now);

  const MessagingConfig& config_;
  Outbox& outbox_;
  Messaging& messaging_;
  PublishingStats& stats_;
  MessagingStats sending_;
  TimerQueue<Follower> timers_;
  std::uint64_t turns_ = 0;
  bool ways_left_ = false;
  TopicNumber last_number_ = 0;
  const Topic::Shared shared_;
  List to_look_at_;  ///< something of them may go
  List waiting_;     ///< something waits, and nothing may go
  TimeNs go_on_ns_ = never_ns;
  std::map<TopicNumber, std::unique_ptr<Topic>> topics_;
};

}  // namespace muster
