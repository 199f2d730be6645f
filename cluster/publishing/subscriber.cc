#include "cluster/publishing/subscriber.h"

#include <algorithm>
#include <iterator>

namespace muster {
namespace {

template <class Tag, class List>
void enter(List& list, Stream& stream) {
  const StreamListHook<Tag>& hook = stream;
  if (!hook.is_linked()) list.push_back(stream);
}
template <class Tag>
void leave(Stream& stream) {
  StreamListHook<Tag>& hook = stream;
  if (hook.is_linked()) hook.unlink();
}

}  // namespace

Subscriber::Subscriber(const MessagingConfig& config, Outbox& outbox, Messaging& messaging,
                       Events& events, PublishingStats& stats, std::uint64_t seed)
    : config_(config),
      outbox_(outbox),
      messaging_(messaging),
      stats_(stats),
      random_(seed),
      shared_{config_, outbox, events, stats, messaging.holding_limit(), random_} {}

Subscribed Subscriber::subscribe(std::string_view topic, From from) {
  if (!valid_topic_name(topic)) return {TopicResult::invalid_name};
  const auto same = [&](const auto& entry) { return entry.second.topic == topic; };
  if (std::ranges::any_of(subscriptions_, same)) return {TopicResult::exists};
  if (subscriptions_.size() >= config_.subscriptions_max) return {TopicResult::no_room};
  const SubscriptionNumber number = ++last_number_;
  subscriptions_.emplace(number, Subscription{std::string(topic), from});
  return {TopicResult::done, number};
}

void Subscriber::unsubscribe(SubscriptionNumber subscription) {
  std::erase_if(streams_,
                [&](const auto& entry) { return entry.second.subscription() == subscription; });
  subscriptions_.erase(subscription);
}

const Subscriber::Subscription* Subscriber::find(SubscriptionNumber subscription) const {
  const auto found = subscriptions_.find(subscription);
  return found == subscriptions_.end() ? nullptr : &found->second;
}

void Subscriber::on_publisher(const MemberKey& member, std::string_view topic,
                              const PublisherRole& role) {
  const auto subscription = std::ranges::find_if(
      subscriptions_, [&](const auto& entry) { return entry.second.topic == topic; });
  const Route* route = messaging_.route(member.id);
  if (subscription == subscriptions_.end() || route == nullptr) return;
  const auto known = streams_.find({member.id, role.number});
  if (known != streams_.end() && known->second.key().publisher == member) return;
  on_publisher_gone(member, topic);  // it publishes anew
  if (!has_room()) return refuse(subscription->second, {member, role.number}, subscription->first);
  streams_.try_emplace({member.id, role.number}, shared_, StreamKey{member, role.number},
                       route->endpoint, role.kind, subscription->first, subscription->second.topic);
}

/// Nothing of it is kept: the directory knows it, and lacking() has it told again (§9.9).
void Subscriber::refuse(Subscription& subscription, const StreamKey& stream,
                        SubscriptionNumber number) {
  ++stats_.streams_refused;
  any_lacks_ = subscription.lacks_streams = true;
  shared_.events.on_stream({.stream = stream,
                            .subscription = number,
                            .topic = subscription.topic,
                            .change = StreamChange::refused});
}

bool Subscriber::refuses(SubscriptionNumber number) const {
  const Subscription* subscription = find(number);
  return subscription != nullptr && subscription->lacks_streams && !has_room();
}

SubscriptionNumber Subscriber::find_lacking() {
  const auto found = std::ranges::find_if(
      subscriptions_, [](const auto& entry) { return entry.second.lacks_streams; });
  any_lacks_ = found != subscriptions_.end();
  return any_lacks_ ? found->first : 0;
}

template <class Which>
void Subscriber::end_where(Which&& which) {
  for (auto at = streams_.begin(); at != streams_.end();) {
    Stream& stream = at->second;
    const bool ends = which(stream);
    if (ends && stream.runs()) stream.tell(StreamChange::ended);
    at = ends ? streams_.erase(at) : std::next(at);
  }
}

void Subscriber::on_publisher_gone(const MemberKey& member, std::string_view topic) {
  end_where([&](const Stream& stream) {
    return stream.key().publisher == member && stream.topic() == topic;
  });
}

void Subscriber::remove_member(MemberId member) {
  end_where([&](const Stream& stream) { return stream.key().publisher.id == member; });
}

void Subscriber::end_streams() {
  end_where([](const Stream&) { return true; });
}

void Subscriber::clear() {
  end_streams();
  subscriptions_.clear();
}

Stream* Subscriber::find(const wire::Header& header, TopicNumber topic) {
  const MemberKey sender = wire::sender_of(header);
  const auto found = streams_.find({sender.id, topic});
  return found == streams_.end() || found->second.key().publisher != sender ? nullptr
                                                                            : &found->second;
}

void Subscriber::on_publication(TimeNs now, const wire::Header& header,
                                const wire::PublicationView& view, Packet& packet) {
  Stream* stream = find(header, view.body->topic);
  if (stream == nullptr || !stream->on_publication(now, view, packet)) {
    ++stats_.packets_unknown;
    return;
  }
  const StreamListHook<OwesPackets>& refused = *stream;
  if (!refused.is_linked()) settle(*stream);
  timers_.arm(*stream, stream->deadline());
}

void Subscriber::on_position(const wire::Header& header, const wire::Position& position) {
  Stream* stream = find(header, position.topic);
  const bool here = position.receiver_incarnation == outbox_.sender().self.incarnation;
  if (here && stream == nullptr && refuses(position.subscription))
    return answer_refusal(wire::sender_of(header), position);
  if (!here || stream == nullptr || stream->kind() == TopicKind::unreliable ||
      position.subscription != stream->subscription()) {
    ++stats_.positions_unknown;
    return;
  }
  stream->on_position(position);
  settle(*stream);
}

/// The publisher is not to wait for it. Without a packet it says so when it is asked again.
void Subscriber::answer_refusal(const MemberKey& publisher, const wire::Position& position) {
  const Route* route = messaging_.route(publisher.id);
  Packet* packet = route == nullptr ? nullptr : outbox_.open(wire::Type::report);
  if (packet == nullptr) return;
  append(*packet, wire::Report{.receiver_incarnation = publisher.incarnation,
                               .topic = position.topic,
                               .turn = position.turn,
                               .acknowledged = 0,
                               .window_packets = 0,
                               .away = outbox_.away(),
                               .kind = static_cast<std::uint8_t>(wire::ReportKind::refuses),
                               .selective_words = 0});
  outbox_.send(*packet, route->endpoint);
  ++stats_.reports_sent;
}

/// Gives the application what it may have now, and notes what is owed then.
void Subscriber::settle(Stream& stream) {
  if (stream.deliver())
    leave<OwesPackets>(stream);
  else
    enter<OwesPackets>(owing_packets_, stream);
  if (stream.owes_report()) enter<OwesReport>(owing_reports_, stream);
}

void Subscriber::on_deadline(TimeNs now) {
  while (Stream* stream = timers_.pop(now)) {
    if (stream->deadline() <= now) {
      stream->on_deadline();
      enter<OwesReport>(owing_reports_, *stream);
    } else {
      timers_.arm(*stream, stream->deadline());
    }
  }
}

void Subscriber::transmit(TimeNs now) {
  for (auto at = owing_packets_.begin(); at != owing_packets_.end();) settle(*at++);
  // Without a packet to write they wait for a moment.
  while (!owing_reports_.empty() && owing_reports_.front().send_report())
    owing_reports_.pop_front();
  go_on_ns_ = owing_reports_.empty() ? never_ns : now + config_.retransmit_min_ns;
  if (lacking() != 0) go_on_ns_ = now + 1;
}

}  // namespace muster
