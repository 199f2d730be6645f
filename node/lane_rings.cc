#include "node/lane_rings.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "node/pool_shares.h"

namespace muster {
namespace {

/// Empty packets in stock for one lane.
constexpr std::size_t stock_max = 256;
constexpr std::size_t stock_min = 8;

std::size_t stock_packets(std::size_t pool_packets, ChannelSet channels) {
  return std::clamp(
      std::bit_floor(pool_share::of_channels(pool_share::stock(pool_packets), channels)), stock_min,
      stock_max);
}

/// A ring that `packets` references can never fill, though it gives slots back with a delay.
std::size_t roomy(std::size_t packets) { return std::bit_ceil(2 * packets); }

}  // namespace

LaneRings::LaneRings(const LimitsConfig& limits, PacketPort& packet_port, ChannelSet channels)
    : port(packet_port),
      stock(stock_packets(limits.pool_packets, channels)),
      submitted(limits.command_queue),
      returned(roomy(limits.pool_packets + limits.event_queue)),
      commands(limits.command_queue),
      listener(limits, packet_port) {}

LaneRings::~LaneRings() {
  for (PacketRing* packets : {&stock, &submitted, &returned})
    for (Packet* packet; packets->pop(packet);) port.release(*packet);
  for (QueuedCommand* command; commands.pop(command);) delete command;
}

}  // namespace muster
