#include "node/lane.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <utility>

#include "node/pool_shares.h"

namespace muster {
namespace {

constexpr std::size_t burst_max = 64;
/// Empty packets in stock for one lane.
constexpr std::size_t stock_max = 256;
constexpr std::size_t stock_min = 8;
constexpr std::size_t unsent_min = 4;

std::size_t stock_packets(std::size_t pool_packets, ChannelSet channels) {
  return std::clamp(
      std::bit_floor(pool_share::of_channels(pool_share::stock(pool_packets), channels)), stock_min,
      stock_max);
}

/// A ring that `packets` references can never fill, though it gives slots back with a delay.
std::size_t roomy(std::size_t packets) { return std::bit_ceil(2 * packets); }

}  // namespace

Lane::Lane(const NodeConfig& config, Transport& transport, Shared& shared, ChannelSet channels)
    : transport_(transport),
      shared_(shared),
      payload_bytes_max_(transport.payload_bytes_max()),
      queue_packets_(config.messaging.queue_packets),
      pool_packets_(config.limits.pool_packets),
      listener_(config.limits, transport),
      stock_(stock_packets(config.limits.pool_packets, channels)),
      submitted_(config.limits.command_queue),
      returned_(roomy(config.limits.pool_packets + config.limits.event_queue)),
      commands_(config.limits.command_queue) {
  set_channels(channels);
  unused_.reserve(pool_share::unsent(pool_packets_));
}

/// Neither thread uses it any more.
Lane::~Lane() {
  for (PacketRing* packets : {&stock_, &submitted_, &returned_})
    for (Packet* packet; packets->pop(packet);) transport_.release(*packet);
  for (Packet* packet : unused_) transport_.release(*packet);
  if (spare_ != nullptr) transport_.release(*spare_);
  for (QueuedCommand* command; commands_.pop(command);) delete command;
}

// The application's thread.

Packet* Lane::allocate() {
  Packet* packet = nullptr;
  if (unused_.empty()) return stock_.pop(packet) ? packet : nullptr;
  packet = unused_.back();
  unused_.pop_back();
  return packet;
}

/// The stock may be empty because others take nothing: in the middle of a message a channel that
/// holds nothing gets one packet from the pool, and what topics may keep is reserved there.
Runner::Allocation Lane::allocate_for(const Destination& to, bool goes_on, PacketCredit* credit) {
  if (const SendResult what = lacking(to, *credit); what != SendResult::sent)
    return {nullptr, what};
  if (Packet* packet = allocate()) return {packet};
  const bool from_pool = to.topic != 0 || (goes_on && credit->held_packets() == 0);
  Packet* packet = from_pool ? transport_.allocate() : nullptr;
  if (packet != nullptr)
    from_pool_.store(from_pool_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return {packet, SendResult::blocked(Exhausted::packets)};
}

SendResult Lane::lacking(const Destination& to, PacketCredit& credit) const {
  if (to.topic != 0) {
    if (credit.available(queue_packets_)) return SendResult::sent;
    const MemberId lags = static_cast<const TopicCredit&>(credit).in_the_way();
    return lags == MemberId{} ? SendResult::blocked(Exhausted::engine_queue)
                              : SendResult::blocked_by(lags);
  }
  if (shared_.crowded.load(std::memory_order_relaxed) && credit.held_packets() >= crowded_packets)
    return SendResult::blocked(Exhausted::packets);
  return credit.available(queue_packets_) ? SendResult(SendResult::sent)
                                          : SendResult::blocked(Exhausted::channel);
}

void Lane::release(Packet& packet) {
  // Many messages of one packet can be more than the ring has room for.
  if (!returned_.push(&packet)) transport_.release(packet);
}

SendResult Lane::submit(Packet& packet, const Outgoing& outgoing, PacketCredit* credit) {
  if (const SendResult what = lacking(outgoing.destination, *credit); what != SendResult::sent)
    return what;
  outgoing.store(packet);
  if (!submitted_.push(&packet)) return SendResult::blocked(Exhausted::engine_queue);
  credit->give();
  ++submitted_count_;
  return SendResult::sent;
}

bool Lane::execute(Command command) {
  auto owned = std::make_unique<QueuedCommand>(std::move(command), submitted_count_);
  if (!commands_.push(owned.get())) return false;
  [[maybe_unused]] const QueuedCommand* engines = owned.release();
  return true;
}

Announcement Lane::announce(const TopicConfig& topic) {
  Announcement announcement{{TopicResult::closed}};  // where the engine has ended
  shared_.errands.carry_out(
      [&](Engine& engine, TimeNs) { announcement = engine.announce(listener_, topic); });
  return announcement;
}

void Lane::withdraw_topic(TopicNumber topic) {
  shared_.errands.carry_out([&](Engine& engine, TimeNs) { engine.withdraw_topic(topic); });
}

Subscribed Lane::subscribe(std::string_view topic, From from) {
  Subscribed subscribed{TopicResult::closed};
  shared_.errands.carry_out(
      [&](Engine& engine, TimeNs) { subscribed = engine.subscribe(listener_, topic, from); });
  return subscribed;
}

void Lane::unsubscribe(SubscriptionNumber subscription) {
  shared_.errands.carry_out([&](Engine& engine, TimeNs) { engine.unsubscribe(subscription); });
}

int Lane::event_fd() {
  if (!wake_up_) wake_up_.emplace(std::span<const int>{});
  return wake_up_->fd();
}

bool Lane::arm(TimeNs until, bool for_room) {
  if (!listener_.events().empty()) return false;
  wake_up_->set_time(until);
  asleep_since_word_.store(heard_words_, std::memory_order_relaxed);
  asleep_since_room_.store(for_room ? room_seen_ : no_room_wanted, std::memory_order_relaxed);
  asleep_.store(true);  // before who attached looks for the engine's end: see wake_for_good()
  return true;
}

void Lane::disarm() {
  asleep_.store(false, std::memory_order_relaxed);
  wake_up_->clear();
}

// The engine's thread.

std::size_t Lane::serve(Engine& engine, TimeNs now) {
  const std::size_t returned = take_back();
  const std::size_t taken = take_submitted(engine) + take_commands(engine, now);
  taken_any_ = taken > 0;
  return returned + taken;
}

void Lane::settle(Engine& engine, std::size_t& unsent_of_all) {
  if (keep_in_stock(engine, unsent_of_all) || taken_any_ || engine.gave_credit())
    room_.store(room_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  wake_application();
}

std::size_t Lane::take_back() {
  std::array<Packet*, burst_max> burst;
  std::size_t returned = 0;
  for (std::size_t popped = burst.size(); popped == burst.size(); returned += popped) {
    popped = returned_.pop(burst);
    for (Packet* packet : std::span(burst).first(popped)) transport_.release(*packet);
  }
  return returned;
}

std::size_t Lane::take_submitted(Engine& engine) {
  std::array<Packet*, burst_max> burst;
  const std::size_t submitted = submitted_.pop(burst);
  for (Packet* packet : std::span(burst).first(submitted)) engine.submit(*packet);
  taken_count_ += submitted;
  return submitted;
}

std::size_t Lane::take_commands(Engine& engine, TimeNs now) {
  std::size_t taken = 0;
  for (; taken < burst_max; ++taken) {
    QueuedCommand* next = nullptr;
    if (!next_command_ && commands_.pop(next)) next_command_.reset(next);
    if (!next_command_ || next_command_->after_submitted > taken_count_) break;
    engine.execute(now, next_command_->command);
    next_command_.reset();
  }
  return taken;
}

/// Some also for a thread that has no channel, and publishes.
void Lane::set_channels(ChannelSet channels) {
  channels_ = channels;
  unsent_max_ =
      std::max(pool_share::of_channels(pool_share::unsent(pool_packets_), channels), unsent_min);
}

/// True: the application may take more than before.
bool Lane::keep_in_stock(Engine& engine, std::size_t& unsent_of_all) {
  const bool crowded = shared_.crowded.load(std::memory_order_relaxed);
  bool more = std::exchange(was_crowded_, crowded) && !crowded;
  for (std::size_t i = 0; i < burst_max; ++i) {
    if (spare_ == nullptr) spare_ = give_out(engine, unsent_of_all);
    if (spare_ == nullptr || !stock_.push(spare_)) return more;
    spare_ = nullptr;
    more = true;
  }
  return more;
}

/// What the application takes, and gives neither to send nor back, is not replaced.
Packet* Lane::give_out(Engine& engine, std::size_t& unsent_of_all) {
  if (unsent() >= unsent_max_ || !engine.member().messaging().may_send(unsent_of_all))
    return nullptr;
  Packet* packet = transport_.allocate();
  if (packet == nullptr) return nullptr;
  ++given_out_;
  ++unsent_of_all;
  return packet;
}

/// What it has not heard, or not had, by the time it sleeps is seen here in this cycle or the next.
void Lane::wake_application() {
  if (!asleep_.load(std::memory_order_acquire)) return;
  const std::uint64_t room = asleep_since_room_.load(std::memory_order_relaxed);
  const bool wanted = room != no_room_wanted && room != room_.load(std::memory_order_relaxed);
  if (!wanted && asleep_since_word_.load(std::memory_order_relaxed) == listener_.told_words())
    return;
  if (asleep_.exchange(false, std::memory_order_acquire)) wake_up_->ring();
}

/// Of the two, each writes and then reads what the other writes: one of them sees it.
void Lane::wake_for_good() {
  if (asleep_.exchange(false)) wake_up_->ring();
}

}  // namespace muster
