// An I/O thread's duty cycle: a queue of the port on one side, rings of packets on the other.
#pragma once

#include <array>
#include <atomic>
#include <span>
#include <vector>

#include "node/cycle_clock.h"
#include "node/duty_cycle.h"
#include "node/inquiry.h"
#include "node/open_port.h"
#include "node/port_watch.h"
#include "ring/spsc_ring.h"

namespace muster {

class IoLoop {
 public:
  using PacketRing = ring::SpscRing<Packet*>;

  IoLoop(const NodeConfig& config, OpenQueue& queue, PacketRing& received, PacketRing& outgoing);
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  /// Until stop(); then sends what still stands in the ring, and waits for a port that is full, for
  /// farewell_ns at most.
  void run(Idle idle);
  /// By any thread.
  void stop() { stopping_.store(true, std::memory_order_release); }

  /// When the last cycle began that has ended: what had come to the port by then, as far as a cycle
  /// takes it, stands in the ring. By any thread.
  TimeNs served_ns() const { return served_ns_.load(std::memory_order_acquire); }
  /// When the last cycle began that found nothing to send. By any thread.
  TimeNs drained_ns() const { return drained_ns_.load(std::memory_order_acquire); }
  /// For how long it was away, all together. By any thread.
  DurationNs away_ns() const { return away_ns_.load(std::memory_order_acquire); }
  /// When the last of that ended; read after away_ns(). By any thread.
  TimeNs away_until_ns() const { return away_until_ns_.load(std::memory_order_relaxed); }
  /// By any thread.
  Link port_fault() const { return port_fault_.load(std::memory_order_relaxed); }
  std::vector<NamedCount> counters() { return counters_.ask(2000); }
  StallStats stalls() const { return duty_.stalls(); }

 private:
  static constexpr std::size_t burst_max = 32;

  // These return the work that was done.
  std::size_t cycle(TimeNs now);
  std::size_t receive();
  std::size_t transmit();

  OpenQueue& queue_;
  Transport& transport_;
  PacketRing& received_;
  PacketRing& outgoing_;
  std::array<Packet*, burst_max> burst_;
  std::span<Packet*> held_;  ///< of the burst: the ring had no room, so nothing more is received
  CycleClock clock_;
  DutyCycle duty_;
  PortWatch watch_;
  Inquiry<std::vector<NamedCount>> counters_;
  std::atomic<bool> stopping_{false};
  /// Written in each cycle; what changes seldom is on another line, since the engine reads all.
  alignas(ring::line_stride_bytes) std::atomic<TimeNs> served_ns_{0};
  std::atomic<TimeNs> drained_ns_{0};
  alignas(ring::line_stride_bytes) std::atomic<DurationNs> away_ns_{0};
  std::atomic<TimeNs> away_until_ns_{0};
  std::atomic<Link> port_fault_{Link::up};
};

}  // namespace muster
