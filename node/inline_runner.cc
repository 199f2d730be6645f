#include "node/inline_runner.h"

#include <algorithm>
#include <utility>

#include "node/errors.h"
#include "node/farewell.h"
#include "node/idle_strategy.h"
#include "node/member_config.h"

namespace muster {
namespace {

/// Packets become free in the pool without a word: who waits for one is asked so often.
constexpr DurationNs quiet_max_ns = 1'000;
/// To fall asleep and to wake takes longer: an acknowledgement that is held for 2 us goes before.
constexpr DurationNs sleep_min_ns = 5'000;
/// A full port does not say when it is so no more: it is asked as often as by a pipelined node's
/// thread that has nothing else to do.
constexpr DurationNs full_port_ns = IdleStrategy::sleep_max_ns;
/// Bursts before a sleep, as many as lie in a long receive queue: in a flood nobody sleeps.
constexpr int looks_max = 64;

}  // namespace

InlineRunner::InlineRunner(const NodeConfig& config, OpenPort& port)
    : port_(port),
      transport_(*port.queues.front().transport),
      listener_(config.limits, transport_),
      engine_(config, member_config(config, transport_.self()), transport_, listener_,
              Engine::Credits::without),
      duty_(config.stall_threshold_ns),
      watch_(transport_, config.port_lost_after_ns) {
  port.enter_thread();
  engine_.start(clock_.now());
}

void InlineRunner::end() {
  say_farewell(engine_, clock_, [this] { return transport_.flush(); });
}

std::size_t InlineRunner::begin_cycle() {
  cycle_ns_ = clock_.now();
  in_cycle_ = true;
  if (const DurationNs away_ns = duty_.begin(cycle_ns_); away_ns > 0) engine_.was_away(away_ns);
  engine_.port_has(watch_.fault(cycle_ns_));
  return take_in();
}

std::size_t InlineRunner::take_in() {
  std::array<Packet*, burst_max> burst;
  const std::size_t received = transport_.receive(burst);
  if (received > 0) {
    active_ = true;
    engine_.receive(cycle_ns_, std::span(burst).first(received));
  }
  return received + transport_.received_besides();
}

std::size_t InlineRunner::end_cycle() {
  std::size_t work = 0;
  const bool was_active = std::exchange(active_, false);
  if (was_active || cycle_ns_ >= quiet_until_ns_) {
    work = engine_.finish(cycle_ns_);
    quiet_until_ns_ =
        was_active ? cycle_ns_ : std::min(engine_.next_deadline(), cycle_ns_ + quiet_max_ns);
  }
  flush_port();
  in_cycle_ = false;
  return work;
}

void InlineRunner::flush_port() {
  flush_at_ns_ = transport_.flush() > 0 ? cycle_ns_ + full_port_ns : never_ns;
}

SendResult InlineRunner::submit(Packet& packet, const Outgoing& outgoing, PacketCredit*) {
  active_ = true;
  const Destination& to = outgoing.destination;
  const SendResult result = to.topic != 0 ? engine_.publish(to.topic, packet, outgoing.messages)
                                          : engine_.member().send(to.to, packet, outgoing.messages);
  if (result == SendResult::sent) --unsent_packets_;
  return result;
}

Announcement InlineRunner::announce(const TopicConfig& topic) {
  active_ = true;
  return engine_.announce(listener_, topic);
}

void InlineRunner::withdraw_topic(TopicNumber topic) {
  active_ = true;
  engine_.withdraw_topic(topic);
}

Subscribed InlineRunner::subscribe(std::string_view topic, From from) {
  active_ = true;
  return engine_.subscribe(listener_, topic, from);
}

void InlineRunner::unsubscribe(SubscriptionNumber subscription) {
  active_ = true;
  engine_.unsubscribe(subscription);
}

bool InlineRunner::execute(Command command) {
  active_ = true;
  engine_.execute(now(), command);
  return true;
}

int InlineRunner::event_fd() {
  if (wake_up_) return wake_up_->fd();
  const std::vector<int> descriptors = transport_.descriptors();
  if (descriptors.empty())
    throw StartError(
        "an inline node whose port has to be polled has nothing to wait on: set mode = "
        "\"pipelined\", or transport = \"socket\", or, where a NIC has receive interrupts, idle = "
        "\"sleep\"");
  return wake_up_.emplace(descriptors).fd();
}

/// What had come to the port before it was armed wakes nobody: true, nothing lies there any more,
/// and all was for the port, which has answered it.
bool InlineRunner::is_quiet() {
  cycle_ns_ = clock_.now();
  for (int looks = 0; looks < looks_max && !active_; ++looks)
    if (take_in() == 0) {
      flush_port();
      return true;
    }
  return false;
}

/// Room comes with packets, as everything does.
bool InlineRunner::arm(TimeNs until, bool) {
  if (active_ || !listener_.events().empty() ||
      std::min(until, next_deadline()) <= monotonic_ns() + sleep_min_ns)
    return false;
  if (transport_.arm() && !is_quiet()) {
    transport_.disarm();
    return false;
  }
  const TimeNs at = std::min(until, next_deadline());
  wake_up_->set_time(at);
  duty_.sleep_until(at);
  return true;
}

std::unique_ptr<Runner> InlineRunner::attach(ChannelSet, bool) {
  throw StartError(
      "an inline node belongs to the thread that made it: for others set mode = \"pipelined\"");
}

void InlineRunner::fill(NodeStats& stats) {
  engine_.fill(stats);
  stats.engine_stalls = duty_.stalls();
  stats.transport = port_.queues.front().counters();
}

}  // namespace muster
