// What one thread of the application follows: its subscriptions, and the streams of their
// publishers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cluster/events.h"
#include "cluster/messaging/assembly.h"
#include "cluster/publishing/topic_config.h"
#include "node/event.h"
#include "node/runner.h"

namespace muster {

/// Not thread-safe.
class Subscriptions {
 public:
  struct Stream {
    Stream(std::string_view of_topic, SubscriptionNumber number, Assembly::Shared& assemblies)
        : topic(of_topic), subscription(number), incoming(assemblies) {}

    const std::string topic;
    const SubscriptionNumber subscription;
    Assembly incoming;
    bool ended = false;  ///< nothing of it is wanted any more
  };

  /// Both outlive it.
  Subscriptions(Runner& runner, Assembly::Shared& assemblies);

  /// Waits for the engine, as the next does.
  Subscribed subscribe(std::string_view topic, From from);
  /// False: it is none of this thread's. Its streams stay until forget_ended(): one may be heard.
  bool unsubscribe(SubscriptionNumber subscription);
  /// Those up to `last` have ended.
  void clear(SubscriptionNumber last);
  bool empty() const { return topics_.empty(); }

  /// Of a packet that has come: one that has ended where nobody has subscribed to it any more.
  Stream& stream(const StreamKey& key);
  /// What has happened, for the handler; its topic is empty where nobody has subscribed to it any
  /// more. Requires that none of its packets is being heard, as the next does.
  StreamEvent apply(const StreamChanged& change);
  void forget_ended() {
    if (any_ended_) erase_ended();
  }

 private:
  struct Hash {
    std::size_t operator()(const StreamKey& key) const {
      return static_cast<std::uint64_t>(key.publisher.id) ^ key.topic * 0x9e3779b97f4a7c15;
    }
  };

  void end_where(SubscriptionNumber first, SubscriptionNumber last);
  void erase_ended();
  /// What had begun of a message is nothing.
  void discard(Assembly& assembly);

  Runner& runner_;
  Assembly::Shared& assemblies_;
  bool any_ended_ = false;
  std::map<SubscriptionNumber, std::string> topics_;
  std::unordered_map<StreamKey, Stream, Hash> streams_;
  Stream unknown_;
};

}  // namespace muster
