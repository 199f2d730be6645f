// The pipelined way: an I/O thread and an engine thread, rings between them, and a lane of rings to
// each thread of the application.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "node/cycle_clock.h"
#include "node/driver.h"
#include "node/duty_cycle.h"
#include "node/engine.h"
#include "node/engine_port.h"
#include "node/inquiry.h"
#include "node/io_loop.h"
#include "node/lane.h"
#include "node/open_port.h"
#include "ring/spsc_ring.h"

namespace muster {

class PipelinedRunner final : public Driver {
 public:
  /// Begins to join. `port` outlives the runner. Throws StartError when a core cannot be had.
  PipelinedRunner(const NodeConfig& config, OpenPort& port);
  ~PipelinedRunner() override;

  Runner& runner() override { return own_; }
  void fill(NodeStats& stats) override;
  std::unique_ptr<Runner> attach(ChannelSet channels, bool directory) override;
  /// Leaves, sends what that takes, and ends the threads.
  void end() override;

 private:
  using PacketRing = ring::SpscRing<Packet*>;
  friend class AttachedLane;
  void start_threads(const CoresConfig& cores, const OpenPort& port);
  void run_engine();
  std::size_t engine_cycle(TimeNs now);
  void note_away(DurationNs engine_away_ns);
  bool port_unserved(TimeNs now) const;
  std::size_t serve_lanes(TimeNs now);
  /// Empty packets that the lanes have.
  std::size_t unsent_of_all() const;
  // What a channel has carried for the one thread is behind it before it goes to another.
  void add(EngineLane& lane, ChannelSet channels, bool directory, TimeNs now);
  void remove(EngineLane& lane, ChannelSet cut, TimeNs now);
  void leave_lanes(TimeNs now);

  const NodeConfig config_;
  Transport& transport_;
  PacketRing received_;  // I/O -> engine
  PacketRing outgoing_;  // engine -> I/O
  EnginePort engine_port_;
  Lane::Shared shared_;
  Lane own_;
  std::vector<EngineLane*> lanes_{&own_.engines()};
  Engine engine_;
  CycleClock clock_;  // the engine thread's
  DutyCycle duty_;
  DurationNs io_away_ns_ = 0;  ///< as the engine knows it
  bool postponing_ = false;    ///< what is due waits for the I/O thread
  Inquiry<NodeStats> engine_stats_;
  IoLoop io_;
  std::atomic<bool> stopping_{false};
  std::thread engine_thread_;
  std::thread io_thread_;
};

}  // namespace muster
