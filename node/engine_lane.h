// The engine thread's end of a lane.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "node/channel_set.h"
#include "node/engine.h"
#include "node/lane_rings.h"

namespace muster {

/// Takes what the application gives, and keeps it in stock with empty packets.
class EngineLane {
 public:
  /// `rings` outlive it, and their pool has so many packets.
  EngineLane(LaneRings& rings, std::size_t pool_packets, ChannelSet channels);
  ~EngineLane();
  EngineLane(const EngineLane&) = delete;
  EngineLane& operator=(const EngineLane&) = delete;

  Listener& listener() { return rings_.listener; }
  ChannelSet channels() const { return channels_; }
  void set_channels(ChannelSet channels);
  /// What the application has given back, given to send, and asked for, in this order. Returns how
  /// much that was.
  std::size_t serve(Engine& engine, TimeNs now);
  /// Until nothing is left of what was there before.
  void serve_all(Engine& engine, TimeNs now) {
    while (serve(engine, now) > 0) {
    }
  }
  /// Empty packets that lie there, or that the application has and has not given to send.
  std::size_t unsent() const {
    return given_out_ + rings_.from_pool.load(std::memory_order_relaxed) - taken_count_;
  }
  /// At the end of a cycle, and before it is told anything: empty packets go there, and a sleeper
  /// is woken. `unsent_of_all` is of all lanes, and counts what goes there; `crowded`:
  /// Messaging::crowded().
  void settle(Engine& engine, std::size_t& unsent_of_all, bool crowded);
  /// Once Errands::ended() is so.
  void wake_for_good() { rings_.sleeper.wake_for_good(); }

 private:
  std::size_t take_back();
  std::size_t take_submitted(Engine& engine);
  std::size_t take_commands(Engine& engine, TimeNs now);
  bool keep_in_stock(Engine& engine, std::size_t& unsent_of_all);
  Packet* give_out(Engine& engine, std::size_t& unsent_of_all);

  LaneRings& rings_;
  const std::size_t pool_packets_;
  ChannelSet channels_;
  std::size_t unsent_max_ = 0;
  std::uint64_t given_out_ = 0;    // for the stock
  std::uint64_t taken_count_ = 0;  // of those submitted
  bool taken_any_ = false;         // since the last settle()
  bool was_crowded_ = false;
  std::unique_ptr<LaneRings::QueuedCommand> next_command_;
  Packet* spare_ = nullptr;  // allocated, and no room in the stock
};

}  // namespace muster
