#include "node/pipelined_runner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "node/attached_lane.h"
#include "node/farewell.h"
#include "node/idle_strategy.h"
#include "node/member_config.h"
#include "node/near_memory.h"
#include "node/thread.h"

namespace muster {
namespace {

constexpr std::size_t burst_max = 64;
constexpr std::size_t received_max = 1024;  // of all queues together
constexpr int inquiry_waits = 2000;         // of 50 us each

// What the threads of several queues count is one node's.
void count_in(StallStats& sum, const StallStats& one) {
  sum.count += one.count;
  sum.longest_ns = std::max(sum.longest_ns, one.longest_ns);
  sum.last_ns = std::max(sum.last_ns, one.last_ns);
}
void count_in(std::vector<NamedCount>& sum, const std::vector<NamedCount>& one) {
  for (const NamedCount& count : one) {
    const auto known = std::ranges::find(sum, count.name, &NamedCount::name);
    if (known == sum.end())
      sum.push_back(count);
    else
      known->value += count.value;
  }
}

}  // namespace

PipelinedRunner::Queue::Queue(const NodeConfig& config, OpenQueue& port, std::size_t queues)
    : transport(*port.transport),
      received(std::bit_floor(received_max / queues)),
      // More than the pool's packets, because a ring gives slots back with a delay.
      outgoing(std::bit_ceil(std::size_t{2} * config.limits.pool_packets)),
      io(config, port, received, outgoing) {}

PipelinedRunner::Queue::~Queue() {
  for (PacketRing* packets : {&received, &outgoing})
    for (Packet* packet; packets->pop(packet);) transport.release(*packet);
}

PipelinedRunner::Queues PipelinedRunner::make_queues(const NodeConfig& config, OpenPort& port) {
  const NearMemory near(port.info.node);
  Queues queues;
  for (OpenQueue& queue : port.queues)
    queues.push_back(std::make_unique<Queue>(config, queue, port.queues.size()));
  return queues;
}

std::vector<PipelinedRunner::PacketRing*> PipelinedRunner::outgoing_of(const Queues& queues) {
  std::vector<PacketRing*> rings;
  for (const auto& queue : queues) rings.push_back(&queue->outgoing);
  return rings;
}

PipelinedRunner::PipelinedRunner(const NodeConfig& config, OpenPort& port)
    : config_(config),
      queues_(make_queues(config, port)),
      engine_port_(queues_.front()->transport, outgoing_of(queues_)),
      own_(config, queues_.front()->transport, shared_, all_channels),
      engine_(config, member_config(config, queues_.front()->transport.self()), engine_port_,
              own_.engines().listener(), Engine::Credits::with),
      duty_(config.stall_threshold_ns) {
  for (const std::uint32_t core : config.cores.io) check_core("cores.io", core);
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
    for (std::size_t i = 0; i < queues_.size(); ++i) {
      const auto core = cores.io.empty() ? std::nullopt : std::optional(cores.io[i]);
      const std::string name = i == 0 ? "muster-io" : fmt::format("muster-io-{}", i);
      IoLoop& io = queues_[i]->io;
      queues_[i]->thread = std::thread([this, &io, enter = port.enter_thread, name, core] {
        settle_thread(name, core);
        enter();
        io.run(config_.idle);
      });
    }
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
  for (const auto& queue : queues_) queue->io.stop();  // after the engine's last word
  for (const auto& queue : queues_)
    if (queue->thread.joinable()) queue->thread.join();
}

PipelinedRunner::~PipelinedRunner() { end(); }

std::unique_ptr<Runner> PipelinedRunner::attach(ChannelSet channels, bool directory) {
  return std::make_unique<AttachedLane>(*this, channels, directory);
}

void PipelinedRunner::fill(NodeStats& stats) {
  stats = engine_stats_.ask(inquiry_waits);
  stats.engine_stalls = duty_.stalls();
  for (const auto& queue : queues_) {
    count_in(stats.io_stalls, queue->io.stalls());
    count_in(stats.transport, queue->io.counters());
  }
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
  wait_for_other_queues();
  // The I/O thread goes on until this one has ended, and then as long as the port may take for it.
  say_farewell(engine_, clock_, [] { return std::size_t{0}; });
  leave_lanes(clock_.now());
}

/// The leave goes by the first queue, and what was sent before it shall go before it.
void PipelinedRunner::wait_for_other_queues() {
  const TimeNs now = clock_.now();
  const auto drained = [now](const auto& queue) { return queue->io.drained_ns() > now; };
  const auto others = std::span(queues_).subspan(1);
  while (!std::ranges::all_of(others, drained) && clock_.now() < now + farewell_ns)
    std::this_thread::sleep_for(std::chrono::microseconds(100));
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

/// An I/O thread was not scheduled, or hangs in the port: those who come by its queue cannot have
/// been heard meanwhile.
bool PipelinedRunner::port_unserved(TimeNs now) const {
  return std::ranges::any_of(queues_, [&](const auto& queue) {
    return now > queue->io.served_ns() + config_.membership.heartbeat_interval_ns / 2;
  });
}

/// Of this thread or of an I/O thread: what stands in between waits for both.
void PipelinedRunner::note_away(DurationNs engine_away_ns) {
  const DurationNs away_ns = engine_away_ns + new_io_absence();
  if (away_ns > 0) engine_.was_away(away_ns);
}

/// I/O threads are away at the same time, mostly, and come back one by one: that counts once.
DurationNs PipelinedRunner::new_io_absence() {
  DurationNs absence_ns = 0;
  for (const auto& queue : queues_) {
    const DurationNs all_ns = queue->io.away_ns();
    const DurationNs away_ns = all_ns - std::exchange(queue->away_ns, all_ns);
    if (away_ns > 0) absence_ns += io_absences_.add(queue->io.away_until_ns(), away_ns);
  }
  return absence_ns;
}

/// A burst of each queue, so that none is passed over for long. The first comes last: by it goes
/// what is for all, such as a leave, and that after what was sent before by the others.
std::size_t PipelinedRunner::receive(TimeNs now) {
  std::size_t received = 0;
  std::array<Packet*, burst_max> burst;
  for (std::size_t i = queues_.size(); i-- > 0;) {
    const std::size_t some = queues_[i]->received.pop(burst);
    engine_.receive(now, std::span(burst).first(some));
    received += some;
  }
  return received;
}

/// What is due while the port is not served waits, so that this member is late as a whole and knows
/// it (docs/protocol.md §5.8). Asked before the rings are read: what the I/O threads have brought
/// since is heard first.
std::size_t PipelinedRunner::engine_cycle(TimeNs now) {
  postponing_ = now >= engine_.next_deadline() && port_unserved(now);
  std::size_t work = receive(now);
  work += serve_lanes(now);
  engine_.port_has(queues_.front()->io.port_fault());
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
