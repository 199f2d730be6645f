// What the application publishes and follows.
#include "node/application.h"

namespace muster {

Announced Application::announce(const TopicConfig& topic) {
  if (leaving_ || over()) return {TopicResult::closed};
  return topics_.announce(topic);
}

SendResult Application::publish(TopicNumber topic, std::span<const std::byte> payload) {
  if (closed()) return SendResult::closed;
  OutgoingChannel* stream = topics_.find(topic);
  if (stream == nullptr) return SendResult::no_such_topic;
  return send_on(*stream, {}, payload);
}

SendResult Application::commit(Buffer& buffer, TopicNumber topic) {
  if (closed()) return SendResult::closed;
  OutgoingChannel* stream = topics_.find(topic);
  if (stream == nullptr) return SendResult::no_such_topic;
  return commit_on(*stream, buffer);
}

Subscribed Application::subscribe(std::string_view topic, From from) {
  if (leaving_ || over()) return {TopicResult::closed};
  return subscriptions_.subscribe(topic, from);
}

void Application::hear(const StreamChanged& event) {
  const StreamEvent change = subscriptions_.apply(event);
  if (!change.topic.empty()) handler_.on_stream(change);
}

void Application::hear(const TopicsEnded& event) {
  topics_.clear(event.topic);
  subscriptions_.clear(event.subscription);
}

}  // namespace muster
