#include "node/engine.h"

#include <utility>

#include "cluster/overloaded.h"

namespace muster {
namespace {

TreeStats view_of(const MemberKey& owner, const Tree& tree) {
  return {owner, tree.version(), tree.digest(), tree.size()};
}

}  // namespace

Engine::Engine(const NodeConfig& config, const MemberConfig& member, PacketPort& port,
               Queues queues)
    : port_(port),
      backlog_max_(config.limits.event_backlog),
      events_(config.limits.event_queue),
      member_(member, port, *this) {
  if (queues == Queues::with)
    queues_.emplace(member_, port, static_cast<Events&>(*this), config.membership.members_max);
}

Engine::~Engine() {
  for (const Word word : backlog_) discard(word);
  for (Word word; events_.pop(word);) discard(word);
}

void Engine::receive(TimeNs now, std::span<Packet* const> burst) {
  for (Packet* packet : burst) {
    member_.on_packet(now, *packet);
    port_.release(*packet);
  }
}

void Engine::submit(TimeNs now, Packet& packet) {
  // The application counts by itself what the engine has not taken when the overrun reaches it.
  if (overrun_) return port_.release(packet);
  queues_->submit(now, packet);
}

void Engine::execute(TimeNs now, const Command& command) {
  std::visit(Overloaded{[this](const Bind& bind) {
                          member_.bind(bind.path, bind.value, bind.attributes.view());
                        },
                        [this](const Withdraw& withdraw) { member_.withdraw(withdraw.path); },
                        [&](const WithdrawAll&) { member_.withdraw_all(now); },
                        [this](const Batch& batch) { member_.apply(batch); },
                        [this](const Cancel& cancel) { member_.cancel(cancel.call); },
                        [&](const Leave&) { member_.leave(now); }},
             command);
}

std::size_t Engine::finish(TimeNs now) {
  if (overrun_) member_.leave(now);  // before the application hears of it
  std::size_t work = flush_backlog();
  if (now >= member_.next_deadline()) {
    member_.on_deadline(now);
    ++work;
  }
  if (queues_ && queues_->waiting() && !overrun_) queues_->retry(now);
  if (queues_) queues_->publish_round_trips(now);
  member_.transmit(now);
  tell_self();
  return work;
}

// What the application shall hear.

void Engine::on_standing(Standing standing) {
  emit(StandingChanged{standing, member_.membership().refusal()});
}

void Engine::on_joined(const MemberInfo& member) {
  emit(Joined{member.key, std::string(member.name), member.endpoint,
              queues_ ? queues_->open(member.key) : nullptr});
}

void Engine::on_suspected(const MemberInfo& member) { emit(Suspected{member.key}); }

void Engine::on_refuted(const MemberInfo& member) { emit(Refuted{member.key}); }

void Engine::on_removed(const MemberInfo& member, RemovalReason reason) {
  if (queues_) queues_->close(member.key);
  emit(Removed{member.key, reason});
}

void Engine::emit_change(bool bound, const Binding& binding) {
  emit(BindingChanged{bound,
                      binding.owner,
                      std::string(binding.path),
                      {binding.value.begin(), binding.value.end()},
                      binding.version,
                      AttributeSet(binding.attributes)});
}

void Engine::on_bound(const Binding& binding) { emit_change(true, binding); }

void Engine::on_withdrawn(const Binding& binding) { emit_change(false, binding); }

void Engine::on_synchronized() { emit(Synchronized{}); }

void Engine::on_undelivered(const MemberKey& to, std::size_t messages) {
  emit(Undelivered{to, messages});
}

bool Engine::on_message(const MemberKey&, std::span<const std::byte> payload, Packet& packet) {
  return offer_message(packet, payload.data() - sizeof(wire::Message));
}

bool Engine::on_request(const MemberKey&, CallId, std::string_view path,
                        std::span<const std::byte> payload, Packet& packet) {
  return offer_message(packet,
                       payload.data() - path.size() - sizeof(wire::Call) - sizeof(wire::Message));
}

void Engine::on_response(CallId call, CallOutcome outcome, std::span<const std::byte> payload,
                         Packet* packet) {
  if (packet == nullptr) return emit(CallEnded{call, outcome});
  port_.retain(*packet);
  queue(Word::message(*packet, payload.data() - sizeof(wire::Call) - sizeof(wire::Message)));
}

bool Engine::offer_message(Packet& packet, const std::byte* at) {
  port_.retain(packet);
  if (offer(Word::message(packet, at))) return true;
  port_.release(packet);
  return false;
}

/// Whoever was removed while it lived goes by another incarnation from here on.
void Engine::tell_self() {
  if (member_.self() == self_) return;
  self_ = member_.self();
  queue(Word::event(new Event(SelfChanged{self_})));
}

void Engine::emit(Event event) {
  tell_self();
  queue(Word::event(new Event(std::move(event))));
}

void Engine::queue(Word word) {
  if (!overrun_) {
    if (offer(word)) return;
    if (backlog_.size() < backlog_max_) return backlog_.push_back(word);
    overrun();
  }
  keep_report(word);
}

std::size_t Engine::flush_backlog() {
  std::size_t flushed = 0;
  for (; !backlog_.empty() && events_.push(backlog_.front()); ++flushed) backlog_.pop_front();
  return flushed;
}

/// What the application has not heard it will never hear: it is told so, and after that only which
/// of its messages may not have arrived.
void Engine::overrun() {
  overrun_ = true;
  const std::deque<Word> lost = std::exchange(backlog_, {});
  backlog_.push_back(Word::event(new Event(Overrun{})));
  for (const Word word : lost) keep_report(word);
}

/// One report for each member, so that they need no limit.
void Engine::keep_report(Word word) {
  const auto report_in = [](Word from) {
    return from.is_message() ? nullptr : std::get_if<Undelivered>(from.event());
  };
  const Undelivered* report = report_in(word);
  if (report == nullptr) return discard(word);
  for (const Word kept : backlog_) {
    Undelivered* earlier = report_in(kept);
    if (earlier == nullptr || earlier->to != report->to) continue;
    earlier->messages += report->messages;
    return discard(word);
  }
  backlog_.push_back(word);
}

void Engine::discard(Word word) {
  if (word.is_message())
    port_.release(word.packet());
  else
    delete word.event();
}

void Engine::fill(NodeStats& stats) const {
  const MemberStats member = member_.stats();
  stats.packets_received = member.received;
  stats.packets_sent = member.sent;
  stats.packets_rejected = member.rejected;
  stats.packets_exhausted = member.packets_exhausted;
  const MessagingStats& messaging = member_.messaging().stats();
  stats.messages_sent = messaging.messages_sent;
  stats.messages_delivered = messaging.messages_delivered;
  stats.packets_retransmitted = messaging.packets_retransmitted;
  const MembershipStats& membership = member_.membership().stats();
  stats.suspicions = membership.suspicions;
  stats.refutations = membership.refutations;
  stats.removals = membership.removals;
  stats.reincarnations = membership.reincarnations;
  stats.address_conflicts = membership.address_conflicts;
  const DirectoryStats& directory = member_.directory().stats();
  stats.gaps = directory.gaps;
  stats.sync_requests = directory.requests;
  stats.sync_answers = directory.answers;
  stats.catch_ups = directory.catch_ups;
  stats.wrong_copies = directory.wrong_copies;
  stats.own_version = member_.directory().own().version();
  stats.events_queued = backlog_.size();
  stats.trees = {view_of(member_.self(), member_.directory().own())};
  for (const auto& [id, peer] : member_.membership().peers())
    if (const Replica* copy = member_.directory().replica(id); copy != nullptr)
      stats.trees.push_back(view_of(copy->owner(), copy->tree()));
}

}  // namespace muster
