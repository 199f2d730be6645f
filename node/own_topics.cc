#include "node/own_topics.h"

#include <utility>

#include "cluster/publishing/topic.h"

namespace muster {

OwnTopics::Topic::Topic(Runner& runner, LargeBuffers& buffers, TopicNumber number,
                        const TopicConfig& config, std::shared_ptr<TopicCredit> with)
    : packets_max(muster::Topic::packets_max(config)),
      credit(std::move(with)),
      outgoing(runner, buffers, {.topic = number}, credit.get()) {}

Announced OwnTopics::announce(const TopicConfig& config) {
  const auto [announced, credit] = runner_.announce(config);
  if (announced.result == TopicResult::done)
    topics_.try_emplace(announced.topic, runner_, buffers_, announced.topic, config, credit);
  return announced;
}

bool OwnTopics::withdraw(TopicNumber topic) {
  if (topics_.erase(topic) == 0) return false;
  runner_.withdraw_topic(topic);
  return true;
}

void OwnTopics::clear(TopicNumber last) {
  std::erase_if(topics_, [last](const auto& entry) { return entry.first <= last; });
}

OutgoingChannel* OwnTopics::find(TopicNumber topic) {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : &found->second.outgoing;
}

std::size_t OwnTopics::lag_packets(TopicNumber topic) const {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return 0;
  const Topic& own = found->second;
  return runner_.lag_packets(topic, own.credit.get()) + (own.outgoing.pending() ? 1 : 0);
}

bool OwnTopics::may_publish(TopicNumber topic) const {
  const auto found = topics_.find(topic);
  return found != topics_.end() && found->second.outgoing.takes_more() &&
         lag_packets(topic) < found->second.packets_max;
}

}  // namespace muster
