// A segment in memory: connects the nodes of one test, in whatever threads they run.
#pragma once

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "cluster/mtu.h"
#include "cluster/packet.h"
#include "node/clock.h"
#include "socket_transport/packet_pool.h"

namespace muster::test {

class LoopbackTransport;

class Segment {
 public:
  explicit Segment(std::uint32_t pool_packets = 1024) : pool_packets_(pool_packets) {}

  std::unique_ptr<LoopbackTransport> plug(const Endpoint& self);
  void unplug(LoopbackTransport& transport);
  void carry(const LoopbackTransport& from, const Packet& packet);

  using Loses = std::function<bool(const Packet&, const Endpoint& from)>;
  /// From now on those packets are lost for which it returns true; called by one thread at a time.
  void lose(Loses loses) {
    const std::lock_guard lock(mutex_);
    loses_ = std::move(loses);
  }

 private:
  const std::uint32_t pool_packets_;
  std::mutex mutex_;
  Loses loses_ = [](const Packet&, const Endpoint&) { return false; };
  std::vector<LoopbackTransport*> plugged_;
};

class LoopbackTransport final : public Transport {
 public:
  LoopbackTransport(Segment& segment, const Endpoint& self, std::uint32_t pool_packets)
      : segment_(segment),
        self_(self),
        pool_(pool_packets, payload_bytes_of(mtu_default)),
        inbox_(pool_packets) {}
  ~LoopbackTransport() override {
    segment_.unplug(*this);
    for (std::size_t i = 0; i < waiting_; ++i) release(*inbox_[(first_ + i) % inbox_.size()]);
    if (leaks != nullptr) *leaks = pool_packets() - pool_.available();
  }

  Packet* allocate() override { return pool_.allocate(); }
  void retain(Packet& packet) override { pool_.retain(packet); }
  void release(Packet& packet) override { pool_.release(packet); }
  void transmit(Packet& packet) override {
    segment_.carry(*this, packet);
    release(packet);
  }
  std::size_t receive(std::span<Packet*> burst) override {
    if (const DurationNs away_ns = pause_ns.exchange(0); away_ns > 0)
      std::this_thread::sleep_for(std::chrono::nanoseconds(away_ns));
    const std::lock_guard lock(mutex_);
    besides_ = std::min(burst.size(), questions.load());
    questions -= besides_;
    unsent += besides_;
    burst = burst.first(burst.size() - besides_);
    std::size_t count = 0;
    for (; count < burst.size() && waiting_ > 0; ++count, --waiting_) {
      burst[count] = inbox_[first_];
      first_ = (first_ + 1) % inbox_.size();
    }
    return count;
  }
  std::size_t received_besides() const override { return besides_; }
  /// While the port is full something waits, in name only: what was transmitted has gone.
  std::size_t flush() override {
    unsent = 0;
    const std::size_t waiting = monotonic_ns() < full_until_ns ? 1 : 0;
    if (unflushed != nullptr) *unflushed = waiting;
    return waiting;
  }
  Endpoint self() const override { return self_; }
  Link link() override { return state.load(); }
  std::uint32_t payload_bytes_max() const override { return pool_.payload_bytes(); }
  std::vector<int> descriptors() const override {
    return wakes < 0 ? std::vector<int>{} : std::vector{wakes};
  }
  bool arm() override {
    armed = true;
    if (on_arm) on_arm();
    return true;
  }
  void disarm() override { armed = false; }

  /// What the segment brings; dropped without link, and when the pool is empty.
  void deliver(const Packet& packet, const Endpoint& from) {
    if (state != Link::up) return;
    Packet* copy = allocate();
    if (copy == nullptr) return;
    std::memcpy(copy->data, packet.data, packet.size);
    copy->size = packet.size;
    copy->peer = from;
    const std::lock_guard lock(mutex_);
    inbox_[(first_ + waiting_++) % inbox_.size()] = copy;
  }
  std::uint32_t free_packets() const { return pool_.available(); }
  std::uint32_t pool_packets() const { return static_cast<std::uint32_t>(inbox_.size()); }

  std::atomic<Link> state{Link::up};
  /// Whoever serves the port next is away for so long.
  std::atomic<DurationNs> pause_ns{0};
  std::atomic<TimeNs> full_until_ns{0};
  /// Frames before all packets, that the port answers by itself; and answers that wait for flush().
  std::atomic<std::size_t> questions{0};
  std::size_t unsent = 0;
  int wakes = -1;  ///< whoever sleeps on it
  bool armed = false;
  std::function<void()> on_arm;  ///< what comes then wakes nobody
  /// Where flush() tells what waits.
  std::atomic<std::size_t>* unflushed = nullptr;
  /// Where the destructor tells how many packets nobody has given back.
  std::uint32_t* leaks = nullptr;

 private:
  Segment& segment_;
  const Endpoint self_;
  socket::PacketPool pool_;
  std::mutex mutex_;
  std::vector<Packet*> inbox_;  // a ring
  std::size_t first_ = 0;
  std::size_t waiting_ = 0;
  std::size_t besides_ = 0;
};

inline std::unique_ptr<LoopbackTransport> Segment::plug(const Endpoint& self) {
  auto transport = std::make_unique<LoopbackTransport>(*this, self, pool_packets_);
  const std::lock_guard lock(mutex_);
  plugged_.push_back(transport.get());
  return transport;
}

inline void Segment::unplug(LoopbackTransport& transport) {
  const std::lock_guard lock(mutex_);
  std::erase(plugged_, &transport);
}

inline void Segment::carry(const LoopbackTransport& from, const Packet& packet) {
  const std::lock_guard lock(mutex_);
  if (from.state != Link::up || loses_(packet, from.self())) return;
  const bool multicast = packet.peer.address.is_multicast();
  for (LoopbackTransport* to : plugged_)
    if (to != &from && (multicast || to->self() == packet.peer)) to->deliver(packet, from.self());
}

}  // namespace muster::test
