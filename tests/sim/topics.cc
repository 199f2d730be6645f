#include "tests/sim/topics.h"

#include <algorithm>

namespace muster::sim {

void Topics::attach(Member& member, SimPort& port) {
  member_ = &member;
  port_ = &port;
  pieces_.emplace(
      Assembly::Shared{.port = port,
                       .kept_packets_max = shared_.scenario.kept_packets_max,
                       .all_kept_packets_max = shared_.scenario.all_kept_packets_max()});
}

Broadcasts::Source Topics::source(const StreamKey& key) const {
  return {{shared_.roster.find(key.publisher.id).value_or(self_), key.publisher.incarnation},
          key.topic};
}

// What it does.

void Topics::act(Life& life) {
  if (shared_.scenario.topics.empty()) return;
  const std::uint64_t which = dice_.below(shared_.scenario.topics.size());
  const TopicConfig& config = shared_.scenario.topics[which];
  const auto own = std::ranges::find_if(
      own_, [&](const auto& entry) { return entry.second.config.name == config.name; });
  const auto followed = std::ranges::find_if(
      subscriptions_, [&](const auto& entry) { return entry.second == config.name; });
  const bool ends = dice_.chance(50'000);
  if (dice_.chance(300'000)) {
    if (followed == subscriptions_.end()) return subscribe(config.name, life);
    if (!ends) return;
    return unsubscribe(followed->first, life);
  }
  if (own == own_.end()) return announce(config, life);
  if (ends) return withdraw(own->first, life);
  for (std::uint64_t left = dice_.between(1, 4); left > 0; --left) say(own->second);
}

/// Of topics alone there is room for all that a scenario has.
bool Topics::tree_is_full(TopicResult result) const {
  constexpr std::size_t role_bytes_max = 1'000;
  return result == TopicResult::no_room && member_->directory().own().bytes() + role_bytes_max >
                                               shared_.scenario.directory.tree_bytes_max;
}

void Topics::announce(const TopicConfig& config, Life& life) {
  const Announced announced = member_->announce(config);
  if (announced.result == TopicResult::closed || tree_is_full(announced.result)) return;
  if (announced.result != TopicResult::done)
    return shared_.verdict.fail("I13", "m{} could not announce {}", self_, config.name);
  const AttributeSet attributes = publisher_attributes(announced.topic, config.kind);
  life.bind(publisher_path(config.name), {}, attributes.view());
  own_[announced.topic].config = config;
  shared_.broadcasts.begin(source(announced.topic), config);
  shared_.trace.say(shared_.verdict.now(), self_, "publishes {}", config.name);
}

void Topics::withdraw(TopicNumber topic, Life& life) {
  Own& own = own_[topic];
  life.withdraw(publisher_path(own.config.name));
  member_->withdraw_topic(topic);
  discard(own);
  own_.erase(topic);
}

void Topics::subscribe(const std::string& name, Life& life) {
  const From from = dice_.chance(500'000) ? From::history : From::now;
  const Subscribed subscribed = member_->subscribe(name, from);
  if (subscribed.result == TopicResult::closed || tree_is_full(subscribed.result)) return;
  if (subscribed.result != TopicResult::done)
    return shared_.verdict.fail("I13", "m{} could not subscribe to {}", self_, name);
  const AttributeSet attributes = subscriber_attributes(subscribed.subscription, from);
  life.bind(subscriber_path(name), {}, attributes.view());
  subscriptions_[subscribed.subscription] = name;
}

void Topics::unsubscribe(SubscriptionNumber subscription, Life& life) {
  life.withdraw(subscriber_path(subscriptions_.at(subscription)));
  member_->unsubscribe(subscription);
  subscriptions_.erase(subscription);
  std::erase_if(assemblies_,
                [&](const auto& entry) { return std::get<0>(entry.first) == subscription; });
}

void Topics::say(Own& own) {
  if (own.waiting.size() >= waiting_messages_max) return;
  std::size_t most = dice_.chance(100'000) ? message_bytes_max : 200;
  // A longer last value need not come to who is slow.
  constexpr std::size_t packet_bytes = 1'300;
  if (own.config.kind == TopicKind::last_value)
    most = std::min(most, Topic::packets_max(own.config) * packet_bytes);
  std::vector<std::byte> payload(Broadcasts::head_bytes + dice_.below(most));
  std::ranges::fill(payload, static_cast<std::byte>(dice_.below(256)));
  own.waiting.push_back(std::move(payload));
}

void Topics::withdrawn_all() {
  clear();
  own_.clear();
  subscriptions_.clear();
}

void Topics::discard(Own& own) {
  if (own.packet != nullptr) port_->release(*own.packet);
  own.packet = nullptr;
  own.writer.reset();
  own.waiting.clear();
}

void Topics::clear() {
  for (auto& [topic, own] : own_) discard(own);
  assemblies_.clear();
}

void Topics::reincarnated() {
  clear();
  shared_.broadcasts.follows_anew(self_, std::nullopt);
  for (const auto& [topic, own] : own_) shared_.broadcasts.begin(source(topic), own.config);
}

void Topics::removed(const MemberInfo& member) {
  shared_.broadcasts.follows_anew(self_, shared_.roster.find(member.key.id));
}

void Topics::flush() {
  for (auto& [topic, own] : own_)
    while (!own.waiting.empty() && publish_packet(topic, own)) continue;
}

bool Topics::publish_packet(TopicNumber topic, Own& own) {
  if (own.packet == nullptr) {
    own.packet = port_->allocate();
    if (own.packet == nullptr) return false;
    begin_messages(*own.packet);
    if (!own.writer) {
      shared_.broadcasts.write(source(topic), own.waiting.front());
      own.writer.emplace(MessageHead{}, own.waiting.front());
    }
    own.writer->write(*own.packet);
  }
  const bool begins = (*wire::messages_in(own.packet->data).begin()).first;
  const bool done = own.writer->done();
  switch (member_->publish(topic, *own.packet, done ? 1 : 0).result) {
    case PublishResult::sent:
      break;
    case PublishResult::would_block:
      return false;
    case PublishResult::closed:
      discard(own);
      return false;
    default:
      shared_.verdict.fail("I11", "m{} may not publish what follows", self_);
      return false;
  }
  own.packet = nullptr;
  if (begins) shared_.broadcasts.begun(source(topic));
  if (!done) return true;
  shared_.broadcasts.published(source(topic));
  own.writer.reset();
  own.waiting.pop_front();
  return true;
}

bool Topics::eager() const {
  return (!calm_ && shared_.verdict.now() < busy_until_) ||
         std::ranges::any_of(own_, [](const auto& entry) { return !entry.second.waiting.empty(); });
}

std::size_t Topics::packets_kept() const {
  std::size_t packets = 0;
  for (const auto& [topic, own] : own_)
    if (const Topic* kept = member_->publishing().publisher().find(topic))
      packets += kept->packets_held();
  return packets;
}

std::size_t Topics::packets_max() const {
  std::size_t packets = packets_kept();
  for (const auto& [topic, own] : own_) packets += own.packet != nullptr ? 1 : 0;
  return packets + (pieces_ ? pieces_->kept_packets : 0);
}

// What it hears.

bool Topics::is_busy() {
  if (calm_) return false;
  const TimeNs now = shared_.verdict.now();
  if (now >= busy_until_ && dice_.chance(shared_.scenario.refuse))
    busy_until_ = now + dice_.below(3 * shared_.scenario.heartbeat_ns());
  return now < busy_until_;
}

bool Topics::on_publication(const StreamDelivery& publication) {
  if (is_busy()) return false;
  const StreamKey& key = publication.stream;
  Assembly& assembly =
      assemblies_.try_emplace({publication.subscription, key.publisher.id, key.topic}, *pieces_)
          .first->second;
  for (const wire::MessageView& piece : wire::messages_in(publication.packet.data)) {
    const Assembly::Step step = assembly.add(piece, publication.packet);
    if (step == Assembly::Step::unsound)
      shared_.verdict.fail("I11", "m{} was published pieces that make no message, by m{}", self_,
                           source(key).publisher.server);
    if (step != Assembly::Step::whole) continue;
    const WholeMessage message = assembly.message();
    std::vector<std::byte> payload;
    payload.reserve(message.size());
    for (const wire::Bytes bytes : message.pieces)
      payload.insert(payload.end(), bytes.begin(), bytes.end());
    shared_.trace.say(shared_.verdict.now(), self_, "is published {} bytes by m{}", payload.size(),
                      source(key).publisher.server);
    shared_.broadcasts.accepted(follower(publication.subscription), source(key), payload);
    assembly.clear();
  }
  return true;
}

void Topics::on_stream(const StreamEvent& event) {
  constexpr const char* changes[] = {"begins", "has a gap", "goes on without it", "ends",
                                     "is refused"};
  shared_.trace.say(shared_.verdict.now(), self_, "hears that {} of m{} {} at {}", event.topic,
                    source(event.stream).publisher.server,
                    changes[static_cast<std::size_t>(event.change)], event.first);
  assemblies_.erase({event.subscription, event.stream.publisher.id, event.stream.topic});
  shared_.broadcasts.changed(follower(event.subscription), source(event.stream), event);
}

void Topics::on_subscriber(const SubscriberEvent& event) {
  constexpr const char* changes[] = {"follows", "no longer follows", "was too slow for", "refuses"};
  const auto subscriber = shared_.roster.find(event.subscriber.id);
  shared_.trace.say(shared_.verdict.now(), self_, "hears that m{} {} topic {}",
                    subscriber.value_or(self_), changes[static_cast<std::size_t>(event.change)],
                    event.topic);
  if (event.change == SubscriberChange::joined)
    shared_.broadcasts.joined(source(event.topic), subscriber.value_or(self_));
}

bool Topics::is_wrong_to_refuse(SubscriptionNumber subscription, const StreamKey& stream) const {
  const Subscriber& subscriber = member_->publishing().subscriber();
  return subscriber.has_room() || subscriber.follows(stream) ||
         !shared_.broadcasts.was_refused(follower(subscription), source(stream));
}

std::optional<std::string> Topics::missing_at(const Topics& other) const {
  for (const auto& [topic, own] : own_)
    for (const auto& [subscription, name] : other.subscriptions_) {
      if (own.config.name != name) continue;
      const Topic* published = member_->publishing().publisher().find(topic);
      const Follower* known = published->find(other.member_->self().id);
      if (known == nullptr || known->subscription() != subscription)
        return fmt::format("m{} does not know that m{} follows {}", self_, other.self_, name);
      if (known->refused()) {
        if (other.is_wrong_to_refuse(subscription, {member_->self(), topic}))
          return fmt::format("m{} has room for {} of m{}, or was not told that there is none",
                             other.self_, name, self_);
        continue;
      }
      if (known->deadline() != never_ns)
        return fmt::format("m{} does not know what m{} has of {}", self_, other.self_, name);
      // Messages may all be there, and the rest of one be on its way that began before the stream.
      if (known->follows() && published->lag_packets() > 0)
        return fmt::format("what follows {} of m{} lags", name, self_);
      if (auto missing = shared_.broadcasts.missing(other.follower(subscription), source(topic),
                                                    known->dropped()))
        return missing;
    }
  return std::nullopt;
}

}  // namespace muster::sim
