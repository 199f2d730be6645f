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
    if (const DurationNs away_ns = duty_.begin(now); away_ns > 0) {
      away_until_ns_.store(now, std::memory_order_relaxed);
      away_ns_.store(away_ns_.load(std::memory_order_relaxed) + away_ns, std::memory_order_release);
    }
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
  const std::size_t received = receive();
  const std::size_t sent = transmit();
  const std::size_t waiting = transport_.flush();
  if (sent + waiting == 0) drained_ns_.store(now, std::memory_order_release);
  if (const Link fault = watch_.fault(now); fault != port_fault())
    port_fault_.store(fault, std::memory_order_relaxed);
  counters_.answer([this](std::vector<NamedCount>& counts) { counts = queue_.counters(); });
  served_ns_.store(now, std::memory_order_release);
  return received + sent;
}

std::size_t IoLoop::receive() {
  // Without room for packets the port still serves what is no packet.
  const std::span<Packet*> room = held_.empty() ? std::span(burst_) : std::span<Packet*>{};
  const std::size_t received = transport_.receive(room);
  if (held_.empty()) held_ = room.first(received);
  const std::size_t pushed = received_.push(held_);
  held_ = held_.subspan(pushed);
  return pushed + transport_.received_besides();
}

std::size_t IoLoop::transmit() {
  std::array<Packet*, burst_max> burst;
  const std::size_t popped = outgoing_.pop(burst);
  for (Packet* packet : std::span(burst).first(popped)) transport_.transmit(*packet);
  return popped;
}

}  // namespace muster
