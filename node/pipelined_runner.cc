#include "node/pipelined_runner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "node/attached_lane.h"
#include "node/farewell.h"
#include "node/idle_strategy.h"
#include "node/member_config.h"
#include "node/thread.h"

namespace muster {
namespace {

constexpr std::size_t burst_max = 64;
constexpr std::size_t received_max = 1024;
constexpr int inquiry_waits = 2000;  // of 50 us each

}  // namespace

PipelinedRunner::PipelinedRunner(const NodeConfig& config, OpenPort& port)
    : config_(config),
      transport_(*port.transport),
      received_(received_max),
      // More than the pool's packets, because a ring gives slots back with a delay.
      outgoing_(std::bit_ceil(std::size_t{2} * config.limits.pool_packets)),
      engine_port_(transport_, outgoing_),
      own_(config, transport_, shared_, all_channels),
      engine_(config, member_config(config, transport_.self()), engine_port_,
              own_.engines().listener(), Engine::Credits::with),
      duty_(config.stall_threshold_ns),
      io_(config, port, received_, outgoing_) {
  check_core("cores.io", config.cores.io);
  check_core("cores.engine", config.cores.engine);
  engine_.start(clock_.now());
  start_threads(config.cores, port);
}

void PipelinedRunner::start_threads(const CoresConfig& cores, const OpenPort& port) {
  try {
    engine_thread_ = std::thread([this, enter = port.enter_thread, core = cores.engine] {
      settle_thread("muster-engine", core);
      enter();
      run_engine();
    });
    io_thread_ = std::thread([this, enter = port.enter_thread, core = cores.io] {
      settle_thread("muster-io", core);
      enter();
      io_.run(config_.idle);
    });
  } catch (const std::system_error& error) {
    end();
    throw StartError(fmt::format(
        "a thread cannot be started: {}; raise the limit that `ulimit -u` shows, or set mode = "
        "\"inline\"",
        error.code().message()));
  }
}

void PipelinedRunner::end() {
  stopping_.store(true, std::memory_order_release);
  if (engine_thread_.joinable()) engine_thread_.join();
  io_.stop();  // after the engine's last word
  if (io_thread_.joinable()) io_thread_.join();
}

PipelinedRunner::~PipelinedRunner() {
  end();
  for (PacketRing* packets : {&received_, &outgoing_})
    for (Packet* packet; packets->pop(packet);) transport_.release(*packet);
}

std::unique_ptr<Runner> PipelinedRunner::attach(ChannelSet channels, bool directory) {
  return std::make_unique<AttachedLane>(*this, channels, directory);
}

void PipelinedRunner::fill(NodeStats& stats) {
  stats = engine_stats_.ask(inquiry_waits);
  stats.engine_stalls = duty_.stalls();
  stats.io_stalls = io_.stalls();
  stats.transport = io_.counters();
}

// The engine's thread.

void PipelinedRunner::run_engine() {
  IdleStrategy idle(config_.idle);
  while (!stopping_.load(std::memory_order_acquire)) {
    const TimeNs now = clock_.now();
    note_away(duty_.begin(now));
    const std::size_t work = engine_cycle(now);
    idle.idle(work, postponing_ ? never_ns : engine_.next_deadline());
  }
  const TimeNs now = clock_.now();
  while (serve_lanes(now) > 0) {
  }
  // The I/O thread goes on until this one has ended, and then as long as the port may take for it.
  say_farewell(engine_, clock_, [] { return std::size_t{0}; });
  leave_lanes(clock_.now());
}

std::size_t PipelinedRunner::serve_lanes(TimeNs now) {
  std::size_t work = 0;
  for (EngineLane* lane : lanes_) work += lane->serve(engine_, now);
  return work;
}

std::size_t PipelinedRunner::unsent_of_all() const {
  std::size_t unsent = 0;
  for (const EngineLane* lane : lanes_) unsent += lane->unsent();
  return unsent;
}

void PipelinedRunner::add(EngineLane& lane, ChannelSet channels, bool directory, TimeNs now) {
  EngineLane& own = own_.engines();
  own.serve_all(engine_, now);
  own.set_channels(own.channels() & ~channels);
  std::size_t unsent = unsent_of_all();
  // Whoever hears of a peer has packets to send.
  lane.settle(engine_, unsent, shared_.crowded.load(std::memory_order_relaxed));
  engine_.add(lane.listener(), channels, directory);
  lanes_.push_back(&lane);
}

void PipelinedRunner::remove(EngineLane& lane, ChannelSet cut, TimeNs now) {
  lane.serve_all(engine_, now);
  engine_.remove(lane.listener(), cut);
  EngineLane& own = own_.engines();
  own.set_channels(own.channels() | lane.channels());
  std::erase(lanes_, &lane);
}

/// From here on they are their threads' alone, which hear by themselves what they were told.
void PipelinedRunner::leave_lanes(TimeNs now) {
  shared_.errands.end(engine_, now, [this] {
    for (EngineLane* lane : lanes_) lane->wake_for_good();
  });
}

/// The I/O thread was not scheduled, or hangs in the port: nobody can have been heard meanwhile.
bool PipelinedRunner::port_unserved(TimeNs now) const {
  return now > io_.served_ns() + config_.membership.heartbeat_interval_ns / 2;
}

/// Of this thread or of the other one: what stands in between waits for both.
void PipelinedRunner::note_away(DurationNs engine_away_ns) {
  const DurationNs io_away_ns = io_.away_ns();
  const DurationNs away_ns = engine_away_ns + (io_away_ns - io_away_ns_);
  io_away_ns_ = io_away_ns;
  if (away_ns > 0) engine_.was_away(away_ns);
}

/// What is due while the port is not served waits, so that this member is late as a whole and knows
/// it (docs/protocol.md §5.8). Asked before the ring is read: what the I/O thread has brought since
/// is heard first.
std::size_t PipelinedRunner::engine_cycle(TimeNs now) {
  postponing_ = now >= engine_.next_deadline() && port_unserved(now);
  std::array<Packet*, burst_max> burst;
  const std::size_t received = received_.pop(burst);
  engine_.receive(now, std::span(burst).first(received));
  std::size_t work = received + serve_lanes(now);
  engine_.port_has(io_.port_fault());
  work += engine_.finish(now, postponing_ ? Engine::Deadlines::postpone : Engine::Deadlines::keep) +
          shared_.errands.run(engine_, now);
  std::size_t unsent = unsent_of_all();
  const bool crowded = engine_.member().messaging().crowded(unsent);
  if (crowded != shared_.crowded.load(std::memory_order_relaxed))
    shared_.crowded.store(crowded, std::memory_order_relaxed);
  for (EngineLane* lane : lanes_) lane->settle(engine_, unsent, crowded);
  engine_stats_.answer([this](NodeStats& stats) {
    engine_.fill(stats);
    stats.packets_dropped = engine_port_.dropped();
  });
  return work;
}
}  // namespace muster
