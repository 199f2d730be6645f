#include "node/lane.h"

#include <memory>
#include <utility>

#include "node/pool_shares.h"

namespace muster {

Lane::Lane(const NodeConfig& config, Transport& transport, Shared& shared, ChannelSet channels)
    : transport_(transport),
      shared_(shared),
      payload_bytes_max_(transport.payload_bytes_max()),
      queue_packets_(config.messaging.queue_packets),
      rings_(config.limits, transport, channels),
      engines_(rings_, config.limits.pool_packets, channels) {
  unused_.reserve(pool_share::unsent(config.limits.pool_packets));
}

Lane::~Lane() {
  for (Packet* packet : unused_) transport_.release(*packet);
}

Packet* Lane::allocate() {
  Packet* packet = nullptr;
  if (unused_.empty()) return rings_.stock.pop(packet) ? packet : nullptr;
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
    rings_.from_pool.store(rings_.from_pool.load(std::memory_order_relaxed) + 1,
                           std::memory_order_relaxed);
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
  if (!rings_.returned.push(&packet)) transport_.release(packet);
}

SendResult Lane::submit(Packet& packet, const Outgoing& outgoing, PacketCredit* credit) {
  if (const SendResult what = lacking(outgoing.destination, *credit); what != SendResult::sent)
    return what;
  outgoing.store(packet);
  if (!rings_.submitted.push(&packet)) return SendResult::blocked(Exhausted::engine_queue);
  credit->give();
  ++submitted_count_;
  return SendResult::sent;
}

bool Lane::execute(Command command) {
  auto owned = std::make_unique<LaneRings::QueuedCommand>(std::move(command), submitted_count_);
  if (!rings_.commands.push(owned.get())) return false;
  [[maybe_unused]] const LaneRings::QueuedCommand* engines = owned.release();
  return true;
}

/// An errand does not overtake what this thread has asked for, and given to send, before.
void Lane::carry_out(const std::function<void(Engine&)>& errand) {
  shared_.errands.carry_out([&](Engine& engine, TimeNs now) {
    engines_.serve_all(engine, now);
    errand(engine);
  });
}

Announcement Lane::announce(const TopicConfig& topic) {
  Announcement announcement{{TopicResult::closed}};  // where the engine has ended
  carry_out([&](Engine& engine) { announcement = engine.announce(rings_.listener, topic); });
  return announcement;
}

void Lane::withdraw_topic(TopicNumber topic) {
  carry_out([&](Engine& engine) { engine.withdraw_topic(topic); });
}

Subscribed Lane::subscribe(std::string_view topic, From from) {
  Subscribed subscribed{TopicResult::closed};
  carry_out([&](Engine& engine) { subscribed = engine.subscribe(rings_.listener, topic, from); });
  return subscribed;
}

void Lane::unsubscribe(SubscriptionNumber subscription) {
  carry_out([&](Engine& engine) { engine.unsubscribe(subscription); });
}

bool Lane::arm(TimeNs until, bool for_room) {
  if (!rings_.listener.events().empty()) return false;
  rings_.sleeper.arm(until, heard_words_, for_room);
  return true;
}

}  // namespace muster
