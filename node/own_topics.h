// What one thread of the application publishes.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "cluster/messaging/large_buffers.h"
#include "cluster/publishing/topic_config.h"
#include "node/credit.h"
#include "node/outgoing_channel.h"
#include "node/runner.h"

namespace muster {

/// Not thread-safe.
class OwnTopics {
 public:
  /// Both outlive it.
  OwnTopics(Runner& runner, LargeBuffers& buffers) : runner_(runner), buffers_(buffers) {}

  /// Waits for the engine, as the next does.
  Announced announce(const TopicConfig& config);
  /// False: it is none of this thread's.
  bool withdraw(TopicNumber topic);
  /// Those up to `last` have ended, or all.
  void clear(TopicNumber last = ~TopicNumber{0});
  bool empty() const { return topics_.empty(); }

  /// Where its messages are to go; nullptr: it is none of this thread's.
  OutgoingChannel* find(TopicNumber topic);
  /// See Client::lag_packets() and may_publish().
  std::size_t lag_packets(TopicNumber topic) const;
  bool may_publish(TopicNumber topic) const;

 private:
  struct Topic {
    Topic(Runner& runner, LargeBuffers& buffers, TopicNumber number, const TopicConfig& config,
          std::shared_ptr<TopicCredit> with);

    std::size_t packets_max;
    std::shared_ptr<TopicCredit> credit;
    OutgoingChannel outgoing;
  };

  Runner& runner_;
  LargeBuffers& buffers_;
  std::unordered_map<TopicNumber, Topic> topics_;
};

}  // namespace muster
