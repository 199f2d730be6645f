#include "node/pipelined_runner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "node/clock.h"
#include "node/farewell.h"
#include "node/idle_strategy.h"
#include "node/member_config.h"
#include "node/thread.h"

namespace muster {
namespace {

constexpr std::size_t burst_max = 64;
constexpr std::size_t received_max = 1024;
/// Empty packets in the application's stock: an eighth of the pool, up to this many.
constexpr std::size_t stock_max = 256;
constexpr int inquiry_waits = 2000;  // of 50 us each

/// A ring that `packets` references can never fill, though it gives slots back with a delay.
std::size_t roomy(std::size_t packets) { return std::bit_ceil(2 * packets); }

}  // namespace

PipelinedRunner::PipelinedRunner(const NodeConfig& config, OpenPort& port)
    : idle_(config.idle),
      payload_bytes_max_(port.transport->payload_bytes_max()),
      queue_packets_(config.messaging.queue_packets),
      received_(received_max),
      outgoing_(roomy(config.limits.pool_packets)),
      stock_(std::min(stock_max, std::bit_floor(config.limits.pool_packets / std::size_t{8}))),
      submitted_(config.limits.command_queue),
      returned_(roomy(config.limits.pool_packets + config.limits.event_queue)),
      commands_(config.limits.command_queue),
      engine_port_(*port.transport, outgoing_),
      engine_(config, member_config(config, port.transport->self()), engine_port_,
              Engine::Credits::with),
      duty_(config.stall_threshold_ns),
      io_(config, port, received_, outgoing_) {
  check_core("cores.io", config.cores.io);
  check_core("cores.engine", config.cores.engine);
  engine_.start(monotonic_ns());
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
      io_.run(idle_);
    });
  } catch (const std::system_error& error) {
    end_threads();
    throw StartError(fmt::format(
        "a thread cannot be started: {}; raise the limit that `ulimit -u` shows, or set mode = "
        "\"inline\"",
        error.code().message()));
  }
}

void PipelinedRunner::end_threads() {
  stopping_.store(true, std::memory_order_release);
  if (engine_thread_.joinable()) engine_thread_.join();
  io_.stop();  // after the engine's last word
  if (io_thread_.joinable()) io_thread_.join();
}

PipelinedRunner::~PipelinedRunner() {
  end_threads();
  const auto drain = [this](PacketRing& packets) {
    for (Packet* packet; packets.pop(packet);) engine_port_.release(*packet);
  };
  drain(received_);
  drain(outgoing_);
  drain(stock_);
  drain(submitted_);
  drain(returned_);
  if (spare_ != nullptr) engine_port_.release(*spare_);
  for (QueuedCommand* command; commands_.pop(command);) delete command;
}

// The application's thread.

Packet* PipelinedRunner::allocate() {
  Packet* packet = nullptr;
  return stock_.pop(packet) ? packet : nullptr;
}

/// The stock may be empty because others take nothing: what finishes a message comes from the pool.
Runner::Allocation PipelinedRunner::allocate_for(const Recipient& to, bool goes_on,
                                                 Credit* credit) {
  ChannelCredit& channel = credit->channel(to.channel);
  if (const Exhausted what = lacking(channel); what != Exhausted::nothing) return {nullptr, what};
  if (Packet* packet = allocate()) return {packet};
  return {goes_on && channel.available(1) ? engine_port_.allocate() : nullptr, Exhausted::packets};
}

Exhausted PipelinedRunner::lacking(ChannelCredit& channel) const {
  const bool crowded = crowded_.load(std::memory_order_relaxed);
  if (channel.available(crowded ? std::min(crowded_packets, queue_packets_) : queue_packets_))
    return Exhausted::nothing;
  return crowded ? Exhausted::packets : Exhausted::channel;
}

void PipelinedRunner::release(Packet& packet) {
  // Many messages of one packet can be more than the ring has room for.
  if (!returned_.push(&packet)) engine_port_.release(packet);
}

SendResult PipelinedRunner::submit(Packet& packet, const Outgoing& outgoing, Credit* credit) {
  ChannelCredit& channel = credit->channel(outgoing.to.channel);
  if (const Exhausted what = lacking(channel); what != Exhausted::nothing)
    return SendResult::blocked(what);
  Outgoing numbered = outgoing;
  numbered.join = credit->join();
  numbered.store(packet);
  if (!submitted_.push(&packet)) return SendResult::blocked(Exhausted::engine_queue);
  channel.give();
  ++submitted_count_;
  return SendResult::sent;
}

bool PipelinedRunner::execute(Command command) {
  auto owned = std::make_unique<QueuedCommand>(std::move(command), submitted_count_);
  if (!commands_.push(owned.get())) return false;
  [[maybe_unused]] const QueuedCommand* engines = owned.release();
  return true;
}

int PipelinedRunner::event_fd() {
  if (!wake_up_) wake_up_.emplace(std::span<const int>{});
  return wake_up_->fd();
}

bool PipelinedRunner::arm(TimeNs until, bool for_room) {
  if (!engine_.events().empty()) return false;
  wake_up_->set_time(until);
  asleep_since_word_.store(heard_words_, std::memory_order_relaxed);
  asleep_since_room_.store(for_room ? room_seen_ : no_room_wanted, std::memory_order_relaxed);
  asleep_.store(true, std::memory_order_release);
  return true;
}

void PipelinedRunner::disarm() {
  asleep_.store(false, std::memory_order_relaxed);
  wake_up_->clear();
}

void PipelinedRunner::fill(NodeStats& stats) {
  stats = engine_stats_.ask(inquiry_waits);
  stats.engine_stalls = duty_.stalls();
  stats.io_stalls = io_.stalls();
  stats.transport = io_.counters();
}

// The engine's thread.

void PipelinedRunner::run_engine() {
  IdleStrategy idle(idle_);
  while (!stopping_.load(std::memory_order_acquire)) {
    const TimeNs now = monotonic_ns();
    duty_.begin(now);
    idle.idle(engine_cycle(now), engine_.next_deadline());
  }
  const TimeNs now = monotonic_ns();
  while (take_submitted() > 0) {
  }
  while (take_commands(now) > 0) {
  }
  say_farewell(engine_, [] {});  // the I/O thread goes on until this one has ended
}

std::size_t PipelinedRunner::engine_cycle(TimeNs now) {
  std::array<Packet*, burst_max> burst;
  const std::size_t received = received_.pop(burst);
  engine_.receive(now, std::span(burst).first(received));
  const std::size_t taken = take_submitted() + take_commands(now);
  std::size_t work = received + take_back() + taken;
  if (io_.take_port_lost()) engine_.port_lost();
  work += engine_.finish(now);
  const bool stocked = keep_in_stock();
  if (taken > 0 || stocked || engine_.gave_credit())
    room_.store(room_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  wake_application();
  engine_stats_.answer([this](NodeStats& stats) {
    engine_.fill(stats);
    stats.packets_dropped = engine_port_.dropped();
  });
  return work;
}

std::size_t PipelinedRunner::take_back() {
  std::array<Packet*, burst_max> burst;
  std::size_t returned = 0;
  for (std::size_t popped = burst.size(); popped == burst.size(); returned += popped) {
    popped = returned_.pop(burst);
    for (Packet* packet : std::span(burst).first(popped)) engine_port_.release(*packet);
  }
  return returned;
}

std::size_t PipelinedRunner::take_submitted() {
  std::array<Packet*, burst_max> burst;
  const std::size_t submitted = submitted_.pop(burst);
  for (Packet* packet : std::span(burst).first(submitted)) engine_.submit(*packet);
  taken_count_ += submitted;
  return submitted;
}

std::size_t PipelinedRunner::take_commands(TimeNs now) {
  std::size_t taken = 0;
  for (; taken < burst_max; ++taken) {
    QueuedCommand* next = nullptr;
    if (!next_command_ && commands_.pop(next)) next_command_.reset(next);
    if (!next_command_ || next_command_->after_submitted > taken_count_) break;
    engine_.execute(now, next_command_->command);
    next_command_.reset();
  }
  return taken;
}

/// True: the application may take more than before.
bool PipelinedRunner::keep_in_stock() {
  const Messaging& messaging = engine_.member().messaging();
  bool more = false;
  if (messaging.crowded() != crowded_.load(std::memory_order_relaxed)) {
    crowded_.store(messaging.crowded(), std::memory_order_relaxed);
    more = !messaging.crowded();
  }
  for (std::size_t i = 0; i < burst_max; ++i) {
    if (spare_ == nullptr && messaging.may_send()) spare_ = engine_port_.allocate();
    if (spare_ == nullptr || !stock_.push(spare_)) return more;
    spare_ = nullptr;
    more = true;
  }
  return more;
}

/// What it has not heard, or not had, by the time it sleeps is seen here in this cycle or the next.
void PipelinedRunner::wake_application() {
  if (!asleep_.load(std::memory_order_acquire)) return;
  const std::uint64_t room = asleep_since_room_.load(std::memory_order_relaxed);
  const bool wanted = room != no_room_wanted && room != room_.load(std::memory_order_relaxed);
  if (!wanted && asleep_since_word_.load(std::memory_order_relaxed) == engine_.told_words()) return;
  if (asleep_.exchange(false, std::memory_order_acquire)) wake_up_->ring();
}

}  // namespace muster
