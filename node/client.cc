#include "node/client.h"

#include <utility>

#include "node/client_parts.h"
#include "node/clock.h"

namespace muster {

Client::Client(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

std::size_t Client::poll() { return parts_->application.poll(); }

void Client::idle(std::size_t work) {
  Application& application = parts_->application;
  parts_->idle.idle(work, application.next_deadline(), [&] { return application.sleep(); });
}

void Client::run_for(DurationNs duration_ns) {
  const TimeNs start = monotonic_ns();
  while (monotonic_ns() - start < duration_ns) idle(poll());
}

int Client::event_fd() { return parts_->application.event_fd(); }
bool Client::arm() { return parts_->application.arm(); }

std::span<const Bound> Client::lookup(std::string_view path) const {
  return parts_->application.index().lookup(path);
}
std::optional<MemberKey> Client::pick(std::string_view path, const Pick& how) {
  return parts_->application.pick(path, how);
}
void Client::list(std::string_view prefix,
                  const std::function<void(std::string_view, const Bound&)>& visit) const {
  parts_->application.index().list(prefix, visit);
}
std::size_t Client::names() const { return parts_->application.index().names(); }
WatchId Client::watch(std::string_view prefix, WatchCallback callback) {
  return parts_->application.watch(prefix, std::move(callback));
}
void Client::unwatch(WatchId id) { parts_->application.unwatch(id); }

std::vector<MemberView> Client::members() const { return parts_->application.members(); }
const MemberView* Client::member(MemberId id) const { return parts_->application.member(id); }

SendResult Client::send(MemberId to, std::span<const std::byte> payload, ChannelId channel) {
  return parts_->application.send(to, payload, channel);
}
Buffer Client::claim(std::size_t bytes) { return parts_->application.claim(bytes); }
SendResult Client::commit(Buffer& buffer, MemberId to, ChannelId channel) {
  return parts_->application.commit(buffer, to, channel);
}
std::size_t Client::packet_bytes_max() const { return parts_->application.packet_bytes_max(); }
void Client::flush() { parts_->application.flush(); }

Announced Client::announce(const TopicConfig& topic) { return parts_->application.announce(topic); }
bool Client::withdraw_topic(TopicNumber topic) { return parts_->application.withdraw_topic(topic); }
SendResult Client::publish(TopicNumber topic, std::span<const std::byte> payload) {
  return parts_->application.publish(topic, payload);
}
SendResult Client::commit(Buffer& buffer, TopicNumber topic) {
  return parts_->application.commit(buffer, topic);
}
std::size_t Client::lag_packets(TopicNumber topic) const {
  return parts_->application.lag_packets(topic);
}
bool Client::may_publish(TopicNumber topic) const { return parts_->application.may_publish(topic); }
Subscribed Client::subscribe(std::string_view topic, From from) {
  return parts_->application.subscribe(topic, from);
}
bool Client::unsubscribe(SubscriptionNumber subscription) {
  return parts_->application.unsubscribe(subscription);
}

CallStart Client::call(std::string_view path, std::span<const std::byte> payload,
                       DurationNs deadline_ns, CallCallback callback, const CallOptions& options) {
  return parts_->application.call(path, payload, deadline_ns, {std::move(callback)}, options);
}
CallStart Client::call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                       DurationNs deadline_ns, CallCallback callback, ChannelId channel) {
  return parts_->application.call(to, path, payload, deadline_ns, {std::move(callback)}, channel);
}
AwaitedCall Client::call(std::string_view path, std::span<const std::byte> payload,
                         DurationNs deadline_ns, const CallOptions& options) {
  return AwaitedCall(parts_->application, std::nullopt, path, payload, deadline_ns, options);
}
AwaitedCall Client::call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                         DurationNs deadline_ns, ChannelId channel) {
  return AwaitedCall(parts_->application, to, path, payload, deadline_ns, {.channel = channel});
}
NextPoll Client::next_poll() { return NextPoll(parts_->application); }
void Client::spawn(Task<> task) { parts_->application.spawn(std::move(task)); }
bool Client::answer(std::string_view path, ServiceHandler handler) {
  return parts_->application.answer_calls(path, std::move(handler));
}
void Client::cancel(CallId id) { parts_->application.cancel(id); }

Standing Client::standing() const { return parts_->application.standing(); }
bool Client::synchronized() const { return parts_->application.synchronized(); }
MemberKey Client::self() const { return parts_->application.self(); }

}  // namespace muster
