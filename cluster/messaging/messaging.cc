#include "cluster/messaging/messaging.h"

#include <algorithm>
#include <cassert>

#include "cluster/messaging/call_outcome.h"
#include "cluster/messaging/message_head.h"
#include "cluster/wire/path.h"

namespace muster {
namespace {

template <class Tag>
void leave(Session& session) {
  SessionListHook<Tag>& hook = session;
  hook.unlink();
}
template <class Tag, class List>
void enter(List& list, Session& session) {
  const SessionListHook<Tag>& hook = session;
  if (!hook.is_linked()) list.push_back(session);
}

}  // namespace

Messaging::Messaging(const MessagingConfig& config, Outbox& outbox, Events& events)
    : config_(config), outbox_(outbox), events_(events), calls_(config.calls_max) {}

void Messaging::add_peer(const MemberKey& peer, const Endpoint& endpoint) {
  [[maybe_unused]] const bool fresh =
      sessions_
          .try_emplace(peer.id, std::make_unique<Session>(peer, endpoint, config_, outbox_, stats_))
          .second;
  assert(fresh);
}

void Messaging::remove_peer(MemberId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const auto session = std::move(found->second);
  sessions_.erase(found);
  end(*session);
}

void Messaging::clear() {
  while (!sessions_.empty()) remove_peer(sessions_.begin()->first);
}

void Messaging::end(Session& session) {
  const MemberKey peer = session.peer();
  if (const std::size_t messages = session.send_window().in_flight(); messages > 0) {
    stats_.messages_undelivered += messages;
    events_.on_undelivered(peer, messages);
  }
  calls_.erase_callee(peer.id, [this](CallId call) {
    events_.on_response(call, CallOutcome::member_removed, {}, nullptr);
  });
}

void Messaging::on_session(TimeNs now, const wire::Header& header, const wire::SessionView& view,
                           Packet& packet) {
  Session* session = find(MemberId{std::uint64_t{header.sender}});
  if (session == nullptr || session->peer().incarnation != header.incarnation ||
      view.body->receiver_incarnation != outbox_.sender().self.incarnation) {
    ++stats_.packets_unknown;
    return;
  }
  if (!session->send_window().acknowledge(now, *view.body)) {
    ++stats_.acknowledgements_absurd;
    return;
  }
  arm(*session);
  if (view.body->sequence == 0) return;

  // Also what is not new is acknowledged: the word that it had come may be lost.
  enter<OwesAcknowledgement>(owing_acknowledgement_, *session);
  switch (session->receive_window().receive(view.body->sequence, view.messages, packet)) {
    case ReceiveWindow::Receipt::held:
      if (!session->receive_window().refused()) deliver(*session);
      break;
    case ReceiveWindow::Receipt::duplicate:
      ++stats_.packets_duplicate;
      break;
    case ReceiveWindow::Receipt::outside:
      ++stats_.packets_outside_window;
      break;
  }
}

void Messaging::deliver(Session& session) {
  ReceiveWindow& window = session.receive_window();
  const bool any = window.deliver([&](const wire::MessageView& message, Packet& packet) {
    const bool accepted = offer(session, message, packet);
    ++(accepted ? stats_.messages_delivered : stats_.deliveries_refused);
    return accepted;
  });
  if (any) enter<OwesAcknowledgement>(owing_acknowledgement_, session);
  if (window.refused())
    enter<OwesDelivery>(owing_delivery_, session);
  else
    leave<OwesDelivery>(session);
}

bool Messaging::offer(const Session& from, const wire::MessageView& message, Packet& packet) {
  switch (message.kind) {
    case wire::MessageKind::data:
      return events_.on_message(from.peer(), message.payload, packet);
    case wire::MessageKind::request:
      return events_.on_request(from.peer(), message.call, message.path, message.payload, packet);
    case wire::MessageKind::response:
      break;
  }
  if (calls_.answer(message.call, from.peer().id))
    events_.on_response(message.call, outcome_of(message.status), message.payload, &packet);
  else
    ++stats_.responses_unmatched;
  return true;
}

TimeNs Messaging::next_deadline() const {
  const TimeNs retransmission = timers_.empty() ? never_ns : timers_.begin()->timer_ns;
  return std::min(retransmission, calls_.next_deadline());
}

void Messaging::on_deadline(TimeNs now) {
  while (!timers_.empty() && timers_.begin()->timer_ns <= now) {
    Session& session = *timers_.begin();
    timers_.erase(timers_.begin());
    if (session.send_window().deadline() <= now) session.send_window().on_deadline(now);
    arm(session);
  }
  calls_.expire(
      now, [this](CallId call) { events_.on_response(call, CallOutcome::deadline, {}, nullptr); });
}

void Messaging::arm(Session& session) {
  const TimeNs deadline = session.send_window().deadline();
  SessionTimerHook& timer = session;
  if (timer.is_linked()) {
    if (session.timer_ns <= deadline) return;
    timer.unlink();
  }
  if (deadline == never_ns) return;
  session.timer_ns = deadline;
  timers_.insert(session);
}

void Messaging::transmit() {
  for (auto at = owing_delivery_.begin(); at != owing_delivery_.end();) deliver(*at++);
  // Without a packet to write they wait for the next cycle.
  while (!owing_acknowledgement_.empty() && owing_acknowledgement_.front().send_acknowledgement()) {
    owing_acknowledgement_.pop_front();
    ++stats_.acknowledgements_sent;
  }
}

SendResult Messaging::send(TimeNs now, MemberId to, Packet& packet, std::size_t payload_bytes) {
  Session* session = find(to);
  const MessageHead head{.kind = wire::MessageKind::data, .payload_bytes = payload_bytes};
  if (const auto refused = refusal(session, packet, head)) return *refused;
  send(now, *session, packet, head);
  return SendResult::sent;
}

SendResult Messaging::call(TimeNs now, MemberId to, CallId call, std::string_view path,
                           Packet& packet, std::size_t payload_bytes, DurationNs deadline_ns) {
  // The peer's parser would drop the packet each time, and the session would stand still.
  if (!wire::valid_path(path)) return SendResult::invalid_path;
  Session* session = find(to);
  const MessageHead head{.kind = wire::MessageKind::request,
                         .call = call,
                         .path = path,
                         .payload_bytes = payload_bytes};
  if (const auto refused = refusal(session, packet, head)) return *refused;
  if (!calls_.accepts(call)) return SendResult::would_block;
  calls_.insert(call, to, now + std::min(deadline_ns, never_ns - now));
  send(now, *session, packet, head);
  return SendResult::sent;
}

SendResult Messaging::reply(TimeNs now, const MemberKey& to, CallId call, CallStatus status,
                            Packet& packet, std::size_t payload_bytes) {
  Session* session = find(to.id);
  if (session != nullptr && session->peer() != to) session = nullptr;
  const MessageHead head{.kind = wire::MessageKind::response,
                         .call = call,
                         .status = status,
                         .payload_bytes = payload_bytes};
  if (const auto refused = refusal(session, packet, head)) return *refused;
  send(now, *session, packet, head);
  return SendResult::sent;
}

void Messaging::cancel(CallId call) { calls_.erase(call); }

std::optional<SendResult> Messaging::refusal(const Session* session, const Packet& packet,
                                             const MessageHead& head) const {
  if (session == nullptr) return SendResult::not_connected;
  if (!head.fits(packet)) return SendResult::too_large;
  if (!session->send_window().open()) return SendResult::would_block;
  return std::nullopt;
}

void Messaging::send(TimeNs now, Session& session, Packet& packet, const MessageHead& head) {
  head.write(packet);
  session.send(now, packet);
  leave<OwesAcknowledgement>(session);
  arm(session);
  ++stats_.messages_sent;
}

std::optional<DurationNs> Messaging::round_trip_ns(MemberId id) const {
  const Session* session = find(id);
  if (session == nullptr) return std::nullopt;
  return session->send_window().round_trip().smoothed_ns();
}

Session* Messaging::find(MemberId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

}  // namespace muster
