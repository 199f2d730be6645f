#include "tests/sim/application.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <xxhash.h>

#include "cluster/messaging/call_outcome.h"
#include "cluster/messaging/send.h"

namespace muster::sim {
namespace {

/// The only right answer to a call.
std::uint64_t answer_of(CallId call) { return XXH3_64bits(&call, sizeof call); }

constexpr const char* kinds[] = {"", "message", "request", "response"};
constexpr const char* outcomes[] = {"ok",       "no such service", "failed", "refused",
                                    "deadline", "member removed",  "closed"};
constexpr const char* standings[] = {"idle", "joining", "a member", "refused", "replaced", "left"};
constexpr const char* reasons[] = {"left", "died", "was replaced"};

}  // namespace

Application::Application(const Shared& shared, std::size_t self, Incarnation incarnation,
                         Watcher& watcher, std::uint64_t seed)
    : shared_(shared),
      self_(self),
      incarnation_(incarnation),
      watcher_(watcher),
      dice_(seed),
      outgoing_(shared.roster, shared.conversations),
      topics_({shared.scenario, shared.roster, shared.broadcasts, shared.trace, shared.verdict},
              self, incarnation, seed + 1),
      calls_(shared.scenario.messaging.calls_max) {}

Party Application::party(const MemberKey& member) const {
  return {shared_.roster.find(member.id).value_or(self_), member.incarnation};
}

void Application::on_standing(Standing standing) {
  shared_.trace.say(shared_.verdict.now(), self_, "is {}",
                    standings[static_cast<std::size_t>(standing)]);
  if (standing == Standing::refused || standing == Standing::replaced)
    shared_.verdict.fail("I8", "m{} is shut out ({}), though nobody else has its name", self_,
                         standings[static_cast<std::size_t>(standing)]);
  if (standing == Standing::joining || standing == Standing::member) return;
  outgoing_.clear(*port_);
  incoming_->clear();
  topics_.clear();
  end_calls();
}

void Application::on_joined(const MemberInfo& member) {
  shared_.trace.say(shared_.verdict.now(), self_, "sees {} join as {}", member.name,
                    member.key.incarnation);
  watcher_.joined(member.key);
}

/// Where packets are lost by chance it may look so.
void Application::on_path(const PathEvent& event) {
  const Scenario& scenario = shared_.scenario;
  watcher_.named(event.peer, event.carries ? "told that all arrives at" : "told of a path to");
  const auto to = shared_.roster.find(event.peer.id);
  if (scenario.weather == Weather::calm &&
      (self_ != scenario.narrow_from || to != scenario.narrow_to))
    shared_.verdict.fail("paths", "m{} is told that packets of {} bytes do not arrive, and they do",
                         self_, event.bytes);
}

void Application::on_suspected(const MemberInfo& member) {
  shared_.trace.say(shared_.verdict.now(), self_, "suspects {}", member.name);
  watcher_.named(member.key, "suspected");
}

void Application::on_refuted(const MemberInfo& member) {
  shared_.trace.say(shared_.verdict.now(), self_, "no longer suspects {}", member.name);
  watcher_.named(member.key, "refuted");
}

void Application::on_removed(const MemberInfo& member, RemovalReason reason) {
  shared_.trace.say(shared_.verdict.now(), self_, "removes {} ({}): it {}", member.name,
                    member.key.incarnation, reasons[static_cast<std::size_t>(reason)]);
  watcher_.removed(member.key, reason);
  shared_.conversations.ended(self(), party(member.key));
  outgoing_.forget(member.key, *port_);
  incoming_->forget(member.key.id);
  topics_.removed(member);
  calls_.erase_callee(member.key.id, [&](CallId call, const Waiter& waiter) {
    if (waiter.callee != member.key.id)
      shared_.verdict.fail("I11", "m{} gives up a call to another than was removed", self_);
    ended(call, waiter, CallOutcome::member_removed);
  });
}

void Application::on_bound(const Binding& binding) {
  shared_.trace.say(shared_.verdict.now(), self_, "hears m{} bind {} at version {}",
                    party(binding.owner).server, binding.path, binding.version);
  const Replica* copy = member_->directory().replica(binding.owner.id);
  watcher_.bound(binding, copy == nullptr || copy->settled());
}

void Application::on_withdrawn(const Binding& binding) {
  shared_.trace.say(shared_.verdict.now(), self_, "hears m{} withdraw {}",
                    party(binding.owner).server, binding.path);
  watcher_.withdrawn(binding);
}

void Application::on_batch_begin(const MemberKey& owner) { watcher_.batch_begins(owner); }

void Application::on_batch_end(const MemberKey& owner) { watcher_.batch_ends(owner); }

void Application::on_synchronized() {
  shared_.trace.say(shared_.verdict.now(), self_, "is synchronized");
  watcher_.synchronized(*member_);
}

void Application::attach(Member& member, SimPort& port) {
  member_ = &member;
  port_ = &port;
  incoming_.emplace(port, shared_.scenario.kept_packets_max,
                    shared_.scenario.all_kept_packets_max(), shared_.scenario.assembly_bytes_max);
  topics_.attach(member, port);
}

void Application::reincarnated(Incarnation incarnation) {
  outgoing_.clear(*port_);
  incoming_->clear();
  end_calls();
  incarnation_ = incarnation;
  topics_.reincarnated();
  watcher_.started_anew(*member_);
}

/// What is held and put together already has had its place.
std::size_t Application::left_min() const {
  const std::size_t had =
      member_->messaging().packets_held() + incoming_->packets_max() + topics_.packets_max();
  const std::size_t all = shared_.scenario.spare_packets();
  return all - std::min(all, had);
}

// Messages.

bool Application::refuses_a_channel() const {
  const auto refuses = [&](TimeNs until) { return shared_.verdict.now() < until; };
  return !calm_ && std::ranges::any_of(channel_busy_until_, refuses);
}

/// It may turn busy now: as a whole, or for this channel alone.
bool Application::is_busy_for(ChannelId channel) {
  if (calm_) return false;
  if (shared_.scenario.never_reads(self_, channel)) return true;
  const TimeNs now = shared_.verdict.now();
  const DurationNs moment = shared_.scenario.heartbeat_ns();
  if (now >= std::max(busy_until_, channel_busy_until_[channel]) &&
      dice_.chance(shared_.scenario.refuse)) {
    TimeNs& until = dice_.chance(500'000) ? busy_until_ : channel_busy_until_[channel];
    until = now + dice_.below(3 * moment);
  }
  return now < std::max(busy_until_, channel_busy_until_[channel]);
}

/// Is there room for one more? If so it may keep the packet.
bool Application::takes(const Delivery& delivery) {
  if (is_busy_for(delivery.channel) || !incoming_->has_room(delivery)) return false;
  if (!calm_ && port_->left() > left_min() && dice_.chance(shared_.scenario.keep)) {
    port_->retain(delivery.packet);
    kept_.push_back(
        {&delivery.packet, shared_.verdict.now() + dice_.below(shared_.scenario.heartbeat_ns())});
  }
  return true;
}

bool Application::on_messages(const Delivery& delivery) {
  watcher_.named(delivery.from, "messages");
  if (!takes(delivery)) return false;
  const bool sound = incoming_->take(
      delivery, [&](const wire::MessageView& head, std::span<const std::byte> payload) {
        hear(delivery, head, payload);
      });
  if (!sound)
    shared_.verdict.fail("I11", "m{} was given pieces that make no message, of m{} on channel {}",
                         self_, party(delivery.from).server, delivery.channel);
  return true;
}

void Application::hear(const Delivery& delivery, const wire::MessageView& head,
                       std::span<const std::byte> payload) {
  shared_.trace.say(shared_.verdict.now(), self_, "takes a {} of {} bytes of m{} on channel {}",
                    kinds[static_cast<std::size_t>(head.kind)], payload.size(),
                    party(delivery.from).server, delivery.channel);
  shared_.conversations.accepted({party(delivery.from), self(), delivery.channel}, payload);
  if (head.kind == wire::MessageKind::request) hear_request(delivery, head);
  if (head.kind == wire::MessageKind::response) hear_response(delivery, head, payload);
}

void Application::hear_request(const Delivery& delivery, const wire::MessageView& head) {
  if (dice_.chance(50'000)) return;  // and forgets it
  const bool fails = dice_.chance(100'000);
  const std::uint64_t right = answer_of(head.call);
  std::vector<std::byte> payload(Conversations::head_bytes + sizeof right);
  std::memcpy(payload.data() + Conversations::head_bytes, &right, sizeof right);
  outgoing_.put({delivery.from, delivery.channel},
                {.kind = wire::MessageKind::response,
                 .call = head.call,
                 .status = fails ? CallStatus::failed : CallStatus::ok,
                 .path = {},
                 .payload = std::move(payload)});
}

void Application::hear_response(const Delivery& delivery, const wire::MessageView& head,
                                std::span<const std::byte> payload) {
  const auto waiter = calls_.answer(head.call, {delivery.from.id, delivery.channel});
  if (!waiter) return;  // too late
  if (waiter->callee != delivery.from.id)
    shared_.verdict.fail("I11", "m{} takes an answer of another than it has called", self_);
  const std::uint64_t right = answer_of(head.call);
  payload = payload.subspan(Conversations::head_bytes);
  if (payload.size() != sizeof right || std::memcmp(payload.data(), &right, sizeof right) != 0)
    shared_.verdict.fail("I11", "m{} was given a wrong answer to call {:x}", self_, head.call);
  ended(head.call, *waiter, outcome_of(head.status));
}

void Application::on_undelivered(const Undelivered& undelivered) {
  shared_.trace.say(
      shared_.verdict.now(), self_, "has {} undelivered messages to m{} on channel {}, from {} on",
      undelivered.messages, party(undelivered.to).server, undelivered.channel, undelivered.first);
  watcher_.named(undelivered.to, "undelivered");
  shared_.conversations.undelivered({self(), party(undelivered.to), undelivered.channel},
                                    undelivered.first, undelivered.messages);
}

bool Application::on_publication(const StreamDelivery& publication) {
  watcher_.named(publication.stream.publisher, "a publication");
  return topics_.on_publication(publication);
}

void Application::on_stream(const StreamEvent& event) {
  watcher_.named(event.stream.publisher, "a stream");
  topics_.on_stream(event);
}

void Application::on_subscriber(const SubscriberEvent& event) {
  watcher_.named(event.subscriber, "a subscriber");
  topics_.on_subscriber(event);
}

bool Application::say(const Recipient& to, std::vector<std::byte> payload) {
  return outgoing_.put(to, {.path = {}, .payload = std::move(payload)});
}

// Calls.

bool Application::call(const Recipient& to, std::string_view path, std::vector<std::byte> payload,
                       TimeNs local_deadline) {
  if (calls_.full()) return false;
  const std::uint64_t number = ++calls_made_;
  const CallId call = calls_.open({to.member.id, to.channel}, local_deadline,
                                  {number, local_deadline, to.member.id});
  if (!outgoing_.put(to, {.kind = wire::MessageKind::request,
                          .call = call,
                          .path = std::string(path),
                          .payload = std::move(payload)})) {
    calls_.close(call);
    return false;
  }
  if (!in_flight_.try_emplace(call, number).second)
    shared_.verdict.fail("I11", "m{} has two calls {:x} in flight", self_, call);
  last_call_ = call;
  return true;
}

void Application::cancel_last_call() {
  const bool waited = in_flight_.erase(last_call_) > 0;
  if (calls_.close(last_call_).has_value() != waited)
    shared_.verdict.fail("I11", "m{} cancels call {:x}, which {}", self_, last_call_,
                         waited ? "was lost" : "had ended");
}

void Application::ended(CallId call, const Waiter& waiter, CallOutcome outcome) {
  shared_.trace.say(shared_.verdict.now(), self_, "call {:x} ends: {}", call,
                    outcomes[static_cast<std::size_t>(outcome)]);
  const auto flight = in_flight_.find(call);
  if (flight == in_flight_.end() || flight->second != waiter.number)
    return shared_.verdict.fail("I11", "m{} was told twice, or unasked, how call {:x} ended", self_,
                                call);
  in_flight_.erase(flight);
}

void Application::meet_deadlines(TimeNs local_now) {
  calls_.expire(local_now, [&](CallId call, const Waiter& waiter) {
    if (local_now < waiter.deadline)
      shared_.verdict.fail("I11", "m{} gives call {:x} up before its deadline", self_, call);
    ended(call, waiter, CallOutcome::deadline);
  });
}

void Application::end_calls() {
  calls_.erase_all(
      [&](CallId call, const Waiter& waiter) { ended(call, waiter, CallOutcome::member_removed); });
}

void Application::work(TimeNs now) {
  outgoing_.flush(*member_, *port_, left_min());
  topics_.flush();
  std::erase_if(kept_, [&](const Kept& kept) {
    const bool done = calm_ || now >= kept.until;
    if (done) port_->release(*kept.packet);
    return done;
  });
}

void Application::release_all() {
  for (const Kept& kept : kept_) port_->release(*kept.packet);
  kept_.clear();
  outgoing_.clear(*port_);
  incoming_->clear();
  topics_.clear();
}

}  // namespace muster::sim
