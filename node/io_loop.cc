#include "node/io_loop.h"

#include <chrono>
#include <thread>

#include "node/farewell.h"
#include "node/idle_strategy.h"

namespace muster {

IoLoop::IoLoop(const NodeConfig& config, OpenQueue& queue, PacketRing& received,
               PacketRing& outgoing)
    : queue_(queue),
      transport_(*queue.transport),
      received_(received),
      outgoing_(outgoing),
      duty_(config.stall_threshold_ns),
      watch_(transport_, config.port_lost_after_ns) {}

IoLoop::~IoLoop() {
  for (Packet* packet : held_) transport_.release(*packet);
}

void IoLoop::run(Idle kind) {
  IdleStrategy idle(kind);
  while (!stopping_.load(std::memory_order_acquire)) {
    const TimeNs now = clock_.now();
    if (const DurationNs away_ns = duty_.begin(now); away_ns > 0)
      away_ns_.store(away_ns_.load(std::memory_order_relaxed) + away_ns, std::memory_order_relaxed);
    idle.idle(cycle(now), never_ns);
  }
  for (const TimeNs ends = clock_.now() + farewell_ns; clock_.now() < ends;) {
    if (transport_.flush() > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    else if (transmit() == 0)
      break;
  }
}

std::size_t IoLoop::cycle(TimeNs now) {
  const std::size_t work = receive() + transmit();
  transport_.flush();
  port_fault_.store(watch_.fault(now), std::memory_order_relaxed);
  counters_.answer([this](std::vector<NamedCount>& counts) { counts = queue_.counters(); });
  served_ns_.store(now, std::memory_order_release);
  return work;
}

std::size_t IoLoop::receive() {
  if (held_.empty()) held_ = std::span(burst_).first(transport_.receive(burst_));
  const std::size_t pushed = received_.push(held_);
  held_ = held_.subspan(pushed);
  return pushed;
}

std::size_t IoLoop::transmit() {
  std::array<Packet*, burst_max> burst;
  const std::size_t popped = outgoing_.pop(burst);
  for (Packet* packet : std::span(burst).first(popped)) transport_.transmit(*packet);
  return popped;
}

}  // namespace muster
