#include "node/engine_lane.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "node/pool_shares.h"

namespace muster {
namespace {

constexpr std::size_t burst_max = 64;
constexpr std::size_t unsent_min = 4;

}  // namespace

EngineLane::EngineLane(LaneRings& rings, std::size_t pool_packets, ChannelSet channels)
    : rings_(rings), pool_packets_(pool_packets) {
  set_channels(channels);
}

EngineLane::~EngineLane() {
  if (spare_ != nullptr) rings_.port.release(*spare_);
}

/// Some also for a thread that has no channel, and publishes.
void EngineLane::set_channels(ChannelSet channels) {
  channels_ = channels;
  unsent_max_ =
      std::max(pool_share::of_channels(pool_share::unsent(pool_packets_), channels), unsent_min);
}

std::size_t EngineLane::serve(Engine& engine, TimeNs now) {
  const std::size_t returned = take_back();
  const std::size_t taken = take_submitted(engine) + take_commands(engine, now);
  taken_any_ |= taken > 0;
  return returned + taken;
}

std::size_t EngineLane::take_back() {
  std::array<Packet*, burst_max> burst;
  std::size_t returned = 0;
  for (std::size_t popped = burst.size(); popped == burst.size(); returned += popped) {
    popped = rings_.returned.pop(burst);
    for (Packet* packet : std::span(burst).first(popped)) rings_.port.release(*packet);
  }
  return returned;
}

std::size_t EngineLane::take_submitted(Engine& engine) {
  std::array<Packet*, burst_max> burst;
  const std::size_t submitted = rings_.submitted.pop(burst);
  for (Packet* packet : std::span(burst).first(submitted)) engine.submit(*packet);
  taken_count_ += submitted;
  return submitted;
}

std::size_t EngineLane::take_commands(Engine& engine, TimeNs now) {
  std::size_t taken = 0;
  for (; taken < burst_max; ++taken) {
    LaneRings::QueuedCommand* next = nullptr;
    if (!next_command_ && rings_.commands.pop(next)) next_command_.reset(next);
    if (!next_command_ || next_command_->after_submitted > taken_count_) break;
    engine.execute(now, next_command_->command);
    next_command_.reset();
  }
  return taken;
}

void EngineLane::settle(Engine& engine, std::size_t& unsent_of_all, bool crowded) {
  const bool was_crowded = std::exchange(was_crowded_, crowded);
  const bool taken_any = std::exchange(taken_any_, false);
  if (keep_in_stock(engine, unsent_of_all) || (was_crowded && !crowded) || taken_any ||
      engine.gave_credit())
    rings_.sleeper.more_room();
  rings_.sleeper.wake(rings_.listener.told_words());
}

/// True: there are more than before.
bool EngineLane::keep_in_stock(Engine& engine, std::size_t& unsent_of_all) {
  bool more = false;
  for (std::size_t i = 0; i < burst_max; ++i) {
    if (spare_ == nullptr) spare_ = give_out(engine, unsent_of_all);
    if (spare_ == nullptr || !rings_.stock.push(spare_)) return more;
    spare_ = nullptr;
    more = true;
  }
  return more;
}

/// What the application takes, and gives neither to send nor back, is not replaced.
Packet* EngineLane::give_out(Engine& engine, std::size_t& unsent_of_all) {
  if (unsent() >= unsent_max_ || !engine.member().messaging().may_send(unsent_of_all))
    return nullptr;
  Packet* packet = rings_.port.allocate();
  if (packet == nullptr) return nullptr;
  ++given_out_;
  ++unsent_of_all;
  return packet;
}

}  // namespace muster
