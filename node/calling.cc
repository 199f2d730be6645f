// Calls to others, from the request to whatever ends them (docs/protocol.md §8.2).
#include <algorithm>
#include <utility>

#include "cluster/messaging/call_outcome.h"
#include "cluster/wire/path.h"
#include "node/application.h"
#include "node/clock.h"

namespace muster {
namespace {

/// The callee has said that it has not carried the call out.
bool is_refusal(CallOutcome outcome) {
  return outcome == CallOutcome::no_such_service || outcome == CallOutcome::refused;
}

}  // namespace

void CallWaiter::end(CallOutcome outcome, std::span<const std::byte> payload) const {
  if (awaited != nullptr) return awaited->ended(outcome, payload);
  if (callback) callback(outcome, payload);
}

Application::Peer* Application::candidate(std::string_view path, const Pick& how,
                                          const Repeat* repeat) {
  const Bound* bound = directory_.index().pick(path, how, dice_, [&](const MemberKey& key) {
    const Peer* peer = find(key.id);
    const bool asked = repeat != nullptr && repeat->has_asked(key.id);
    return peer == nullptr || asked ? std::nullopt : std::optional(round_trip_ns(*peer));
  });
  return bound == nullptr ? nullptr : find(bound->owner.id);
}

CallStart Application::call(std::string_view path, std::span<const std::byte> payload,
                            DurationNs deadline_ns, CallWaiter waiter, const CallOptions& options) {
  if (closed()) return {SendResult::closed};
  Peer* peer = candidate(path, options.pick, nullptr);
  if (peer == nullptr) return {SendResult::not_connected};
  if (options.idempotent) {
    waiter.repeat = repeats_.take(path, payload, options);
    if (waiter.repeat == nullptr) return {SendResult::blocked(Exhausted::long_messages)};
    waiter.repeat->asked.push_back(peer->view.key.id);
  }
  return call(*peer, path, payload, deadline_ns, std::move(waiter), options.channel);
}

CallStart Application::call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                            DurationNs deadline_ns, CallWaiter waiter, ChannelId channel) {
  if (closed()) return {SendResult::closed};
  Peer* peer = find(to);
  if (peer == nullptr) return {SendResult::not_connected};
  if (!wire::valid_path(path)) return {SendResult::invalid_path};
  return call(*peer, path, payload, deadline_ns, std::move(waiter), channel);
}

CallStart Application::call(Peer& peer, std::string_view path, std::span<const std::byte> payload,
                            DurationNs deadline_ns, CallWaiter waiter, ChannelId channel) {
  const auto own = sending_on(channel);
  if (!own) return {SendResult::no_such_channel};
  if (calls_.full()) return {SendResult::blocked(Exhausted::calls)};
  const TimeNs now = monotonic_ns();
  // Never over before it has begun: a callback may call again.
  const DurationNs wait_ns = std::min(std::max<DurationNs>(deadline_ns, 1), never_ns - 1 - now);
  const CallId id = calls_.open({peer.view.key.id, *own}, now + wait_ns, std::move(waiter));
  const SendResult result =
      send_on(peer, *own, {.kind = wire::MessageKind::request, .call = id, .path = path}, payload);
  if (result == SendResult::sent) return {result, id};
  calls_.close(id);
  return {result};
}

void Application::hear_answer(const wire::MessageView& head, const Message& message) {
  const CallOutcome outcome = outcome_of(head.status);
  const Callee from{message.from().id, message.channel()};
  if (is_refusal(outcome) && calls_.callee(head.call) == from && goes_on_elsewhere(head.call))
    return;
  if (const auto waiter = calls_.answer(head.call, from)) waiter->end(outcome, message.bytes());
}

void Application::end_calls(CallOutcome outcome) {
  calls_.erase_all(
      [&](CallId, const CallWaiter& waiter) { callbacks_.call([&] { waiter.end(outcome, {}); }); });
}

void Application::end_calls_to(MemberId removed) {
  calls_.erase_callee(
      removed, [this](CallId call) { return goes_on_elsewhere(call); },
      [&](CallId, const CallWaiter& waiter) {
        callbacks_.call([&] { waiter.end(CallOutcome::member_removed, {}); });
      });
}

/// At the next member that offers it, if there is one that was not asked yet.
bool Application::goes_on_elsewhere(CallId call) {
  if (closed() || !calls_.find(call)->repeat) return false;
  Repeat& repeat = *calls_.find(call)->repeat;
  Peer* peer = candidate(repeat.path, repeat.options.pick, &repeat);
  const auto channel = sending_on(repeat.options.channel);
  if (peer == nullptr || !channel) return false;
  repeat.asked.push_back(peer->view.key.id);
  calls_.move(call, {peer->view.key.id, *channel});
  if (repeat.waits || ask_again(call)) return true;
  repeat.waits = true;
  repeating_.push_back(call);
  return true;
}

/// False: there was no room.
bool Application::ask_again(CallId call) {
  const auto callee = calls_.callee(call);
  if (!callee) return true;  // it has ended meanwhile
  const Repeat& repeat = *calls_.find(call)->repeat;
  Peer* peer = find(callee->member);
  if (peer == nullptr) return true;  // what is heard next ends it
  return send_on(*peer, callee->channel,
                 {.kind = wire::MessageKind::request, .call = call, .path = repeat.path},
                 repeat.payload) != SendResult::would_block;
}

void Application::repeat_calls() {
  std::erase_if(repeating_, [this](CallId call) {
    if (!ask_again(call)) return false;
    if (const CallWaiter* waiter = calls_.find(call)) waiter->repeat->waits = false;
    return true;
  });
}

}  // namespace muster
