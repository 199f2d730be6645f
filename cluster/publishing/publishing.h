// Topics (docs/protocol.md §9): what this member publishes and what it follows, as the directory
// says who takes part.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/messaging/messaging.h"
#include "cluster/outbox.h"
#include "cluster/publishing/publisher.h"
#include "cluster/publishing/stats.h"
#include "cluster/publishing/subscriber.h"

namespace muster {

/// Not thread-safe.
class Publishing {
 public:
  /// All outlive it.
  Publishing(const MessagingConfig& config, Outbox& outbox, Messaging& messaging, Events& events,
             std::uint64_t seed)
      : config_(config),
        publisher_(config_, outbox, messaging, events, stats_),
        subscriber_(config_, outbox, messaging, events, stats_, seed) {}

  Publisher& publisher() { return publisher_; }
  const Publisher& publisher() const { return publisher_; }
  Subscriber& subscriber() { return subscriber_; }
  const Subscriber& subscriber() const { return subscriber_; }

  /// Another member's binding, heard of before or not; of no concern unless it is a role.
  void on_bound(const Binding& binding);
  void on_withdrawn(const Binding& binding);
  /// Calls `f(path)` for each name whose bindings are of concern.
  template <class F>
  void for_each_path(F&& f) const {
    publisher_.for_each([&](const Topic& topic) { f(subscriber_path(topic.config().name)); });
    subscriber_.for_each([&](SubscriptionNumber, const Subscriber::Subscription& subscription) {
      f(publisher_path(subscription.topic));
    });
  }

  /// Before its session ends.
  void remove_member(MemberId member) {
    subscriber_.remove_member(member);
    publisher_.remove_member(member);
  }
  /// This member is a new incarnation of itself: all streams, its own and others', end. Before the
  /// sessions begin anew; afterwards the bindings of the paths above are to be told again.
  void begin_anew() {
    subscriber_.end_streams();
    publisher_.begin_anew();
  }

  /// All topics and subscriptions end.
  void clear() {
    subscriber_.clear();
    publisher_.clear();
  }

  /// After what a session's packets say was taken in, or a session has given up what was under way.
  void way_has_changed() { publisher_.way_has_changed(); }
  TimeNs next_deadline() const {
    return std::min(publisher_.next_deadline(), subscriber_.next_deadline());
  }
  void on_deadline(TimeNs now) {
    publisher_.on_deadline(now);
    subscriber_.on_deadline(now);
  }
  /// At the end of a burst: sends what may go, and reports what came.
  void transmit(TimeNs now) {
    publisher_.transmit(now);
    subscriber_.transmit(now);
  }

  PublishingStats stats() const {
    PublishingStats stats = stats_;
    stats.packets_repaired = publisher_.packets_repaired();
    return stats;
  }

 private:
  const MessagingConfig config_;
  PublishingStats stats_;
  Publisher publisher_;
  Subscriber subscriber_;
};

}  // namespace muster
