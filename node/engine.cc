#include "node/engine.h"

#include <utility>

#include "cluster/overloaded.h"

namespace muster {
namespace {

/// Of the pool, on their way to the application.
constexpr std::size_t unheard_percent = 25;

TreeStats view_of(const MemberKey& owner, const Tree& tree) {
  return {owner, tree.version(), tree.digest(), tree.size()};
}

}  // namespace

Engine::Engine(const NodeConfig& config, const MemberConfig& member, PacketPort& port,
               Credits credits)
    : port_(port),
      backlog_max_(config.limits.event_backlog),
      unheard_packets_max_(config.limits.pool_packets * unheard_percent / 100),
      long_message_bytes_max_(config.limits.long_message_bytes),
      events_(config.limits.event_queue),
      member_(member, port, *this) {
  if (credits == Credits::with)
    credits_.emplace(member_, port, static_cast<Events&>(*this), config.membership.members_max);
}

Engine::~Engine() {
  for (const Word word : backlog_) discard(word);
  for (Word word; events_.pop(word);) discard(word);
}

void Engine::receive(TimeNs now, std::span<Packet* const> burst) {
  for (Packet* packet : burst) {
    received_ = packet;
    member_.on_packet(now, *packet);
    if (received_ != nullptr) port_.release(*received_);
  }
  received_ = nullptr;
}

void Engine::submit(Packet& packet) {
  // The application counts by itself what the engine has not taken when the overrun reaches it.
  if (overrun_) return port_.release(packet);
  credits_->submit(packet);
}

void Engine::execute(TimeNs now, const Command& command) {
  std::visit(Overloaded{[this](const Bind& bind) {
                          member_.bind(bind.path, bind.value, bind.attributes.view());
                        },
                        [this](const Withdraw& withdraw) { member_.withdraw(withdraw.path); },
                        [&](const WithdrawAll&) { member_.withdraw_all(now); },
                        [this](const Batch& batch) { member_.apply(batch); },
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
  member_.transmit(now);
  tell_self();  // before the credit of the sessions that ended is seen
  if (credits_) {
    gave_credit_ = credits_->give_back();
    credits_->publish_round_trips(now);
  }
  return work;
}

// What the application shall hear.

void Engine::on_standing(Standing standing) {
  emit(StandingChanged{standing, member_.membership().refusal()});
}

void Engine::on_joined(const MemberInfo& member) {
  emit(Joined{member.key, std::string(member.name), member.endpoint,
              credits_ ? credits_->open(member.key) : nullptr});
}

void Engine::on_suspected(const MemberInfo& member) { emit(Suspected{member.key}); }

void Engine::on_refuted(const MemberInfo& member) { emit(Refuted{member.key}); }

void Engine::on_removed(const MemberInfo& member, RemovalReason reason) {
  if (credits_) credits_->close(member.key);
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

/// No more is taken than there is room for: what the application has not heard lies in the pool,
/// and what it puts together in memory.
bool Engine::on_messages(const Delivery& delivery) {
  tell_self();  // before what belongs to the new sessions
  const std::uint64_t heard = heard_packets_.load(std::memory_order_acquire);
  if (told_packets_ - heard >= unheard_packets_max_) return false;
  if (delivery.opens_bytes > 0) {
    const std::uint64_t open = opened_bytes_ - heard_bytes_.load(std::memory_order_acquire);
    if (open > 0 && open + delivery.opens_bytes > long_message_bytes_max_) return false;
  }
  // Of a packet that has just come the reference is ours, and passes over.
  const bool ours = received_ == &delivery.packet;
  if (!ours) port_.retain(delivery.packet);
  if (!offer(Word::messages(delivery.packet))) {
    if (!ours) port_.release(delivery.packet);
    return false;
  }
  if (ours) received_ = nullptr;
  ++told_packets_;
  opened_bytes_ += delivery.opens_bytes;
  return true;
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
  for (; !backlog_.empty() && push(backlog_.front()); ++flushed) backlog_.pop_front();
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
    return from.has_messages() ? nullptr : std::get_if<Undelivered>(from.event());
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
  if (word.has_messages())
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
