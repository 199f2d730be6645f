// The pipelined way: an I/O thread for each queue of the port and an engine thread, rings between
// them, and a lane of rings to each thread of the application.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "node/absences.h"
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
  /// A queue of the port: its thread, and the rings between that and the engine.
  struct Queue {
    Queue(const NodeConfig& config, OpenQueue& port, std::size_t queues);
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    Transport& transport;
    PacketRing received;  // I/O -> engine
    PacketRing outgoing;  // engine -> I/O
    IoLoop io;
    DurationNs away_ns = 0;  ///< as the engine knows it
    std::thread thread;
  };
  using Queues = std::vector<std::unique_ptr<Queue>>;

  friend class AttachedLane;
  static Queues make_queues(const NodeConfig& config, OpenPort& port);
  static std::vector<PacketRing*> outgoing_of(const Queues& queues);
  void start_threads(const CoresConfig& cores, const OpenPort& port);
  void run_engine();
  std::size_t engine_cycle(TimeNs now);
  std::size_t receive(TimeNs now);
  void note_away(DurationNs engine_away_ns);
  DurationNs new_io_absence();
  bool port_unserved(TimeNs now) const;
  void wait_for_other_queues();
  std::size_t serve_lanes(TimeNs now);
  /// Empty packets that the lanes have.
  std::size_t unsent_of_all() const;
  // What a channel has carried for the one thread is behind it before it goes to another.
  void add(EngineLane& lane, ChannelSet channels, bool directory, TimeNs now);
  void remove(EngineLane& lane, ChannelSet cut, TimeNs now);
  void leave_lanes(TimeNs now);

  const NodeConfig config_;
  const Queues queues_;
  EnginePort engine_port_;
  Lane::Shared shared_;
  Lane own_;
  std::vector<EngineLane*> lanes_{&own_.engines()};
  Engine engine_;
  CycleClock clock_;  // the engine thread's
  DutyCycle duty_;
  Absences io_absences_;
  bool postponing_ = false;  ///< what is due waits for an I/O thread
  Inquiry<NodeStats> engine_stats_;
  std::atomic<bool> stopping_{false};
  std::thread engine_thread_;
};

}  // namespace muster
