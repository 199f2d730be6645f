#include "node/subscriptions.h"

#include <iterator>

namespace muster {

Subscriptions::Subscriptions(Runner& runner, Assembly::Shared& assemblies)
    : runner_(runner), assemblies_(assemblies), unknown_("", 0, assemblies) {
  unknown_.ended = true;
}

Subscribed Subscriptions::subscribe(std::string_view topic, From from) {
  const Subscribed subscribed = runner_.subscribe(topic, from);
  if (subscribed.result == TopicResult::done) topics_.emplace(subscribed.subscription, topic);
  return subscribed;
}

bool Subscriptions::unsubscribe(SubscriptionNumber subscription) {
  if (topics_.erase(subscription) == 0) return false;
  runner_.unsubscribe(subscription);
  end_where(subscription, subscription);
  return true;
}

void Subscriptions::clear(SubscriptionNumber last) {
  topics_.erase(topics_.begin(), topics_.upper_bound(last));
  end_where(0, last);
}

void Subscriptions::end_where(SubscriptionNumber first, SubscriptionNumber last) {
  for (auto& [key, stream] : streams_)
    if (stream.subscription >= first && stream.subscription <= last)
      stream.ended = any_ended_ = true;
}

void Subscriptions::erase_ended() {
  any_ended_ = false;
  for (auto at = streams_.begin(); at != streams_.end();) {
    if (at->second.ended) discard(at->second.incoming);
    at = at->second.ended ? streams_.erase(at) : std::next(at);
  }
}

void Subscriptions::discard(Assembly& assembly) {
  runner_.heard_opened(assembly.message_bytes());
  assembly.clear();
}

Subscriptions::Stream& Subscriptions::stream(const StreamKey& key) {
  const auto found = streams_.find(key);
  return found == streams_.end() ? unknown_ : found->second;
}

StreamEvent Subscriptions::apply(const StreamChanged& change) {
  const auto topic = topics_.find(change.subscription);
  if (topic == topics_.end()) return {};
  if (change.change == StreamChange::began)
    streams_.try_emplace(change.stream, topic->second, change.subscription, assemblies_);
  else if (const auto found = streams_.find(change.stream); found != streams_.end()) {
    discard(found->second.incoming);
    if (change.change != StreamChange::gap) streams_.erase(found);
  }
  return {.stream = change.stream,
          .subscription = change.subscription,
          .topic = topic->second,
          .change = change.change,
          .first = change.first,
          .packets = change.packets};
}

}  // namespace muster
