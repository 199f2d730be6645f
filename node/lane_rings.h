// What lies between one thread of the application and the engine's: all that both of them touch.
#pragma once

#include <atomic>
#include <cstdint>

#include "node/channel_set.h"
#include "node/command.h"
#include "node/config.h"
#include "node/listener.h"
#include "node/sleeper.h"
#include "ring/boost_ring.h"
#include "ring/spsc_ring.h"

namespace muster {

struct LaneRings {
  using PacketRing = ring::SpscRing<Packet*>;
  /// What was submitted before it is sent before it is carried out.
  struct QueuedCommand {
    Command command;
    std::uint64_t after_submitted;
  };

  /// `port` outlives them.
  LaneRings(const LimitsConfig& limits, PacketPort& port, ChannelSet channels);
  /// Neither thread uses them any more.
  ~LaneRings();
  LaneRings(const LaneRings&) = delete;
  LaneRings& operator=(const LaneRings&) = delete;

  PacketPort& port;
  PacketRing stock;      ///< engine -> application: empty packets
  PacketRing submitted;  ///< application -> engine: packets that hold an Outgoing
  PacketRing returned;   ///< application -> engine: packets that it has done with
  ring::BoostRing<QueuedCommand*> commands;  ///< application -> engine
  Listener listener;                         ///< engine -> application
  Sleeper sleeper;
  /// Empty packets that the application has taken past the stock, which is seldom.
  std::atomic<std::uint64_t> from_pool{0};
};

}  // namespace muster
