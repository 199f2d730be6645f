// A seeded network: what is sent arrives once, late, twice, in another order, or never.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "cluster/packet.h"
#include "tests/sim/dice.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/roster.h"
#include "tests/sim/sim_port.h"

namespace muster::sim {

/// The weather of every link.
struct LinkWeather {
  Ppm loss = 0;
  Ppm duplicate = 0;
  Ppm late = 0;  ///< a copy that turns up when nobody expects it any more
  DurationNs delay_min_ns = 0;
  DurationNs delay_max_ns = 0;  ///< each packet draws its own: that is the reordering
  DurationNs late_max_ns = 0;
  bool loopback = false;  ///< a multicast comes back to its sender
};

class VirtualNetwork {
 public:
  VirtualNetwork(const Roster& roster, EventQueue& events, std::uint64_t seed)
      : roster_(roster), events_(events), dice_(seed) {}

  void set_weather(const LinkWeather& weather) { weather_ = weather; }
  const LinkWeather& weather() const { return weather_; }

  /// One way only: what `from` sends does not reach `to`.
  void cut(std::size_t from, std::size_t to) { cut_[from][to] = true; }
  void mend(std::size_t from, std::size_t to) { cut_[from][to] = false; }
  /// Servers whose bit in `side` differs do not hear each other; 0: all do.
  void partition(std::uint64_t side) { side_ = side; }
  /// All that arrives at `server` until then is lost.
  void burst(std::size_t server, TimeNs until) { burst_until_[server] = until; }
  void heal();

  /// To a server or to the group; to any other address it vanishes.
  void send(TimeNs now, std::size_t from, const Packet& packet);
  /// Bytes from outside the cluster.
  void inject(TimeNs now, std::size_t to, std::span<const std::byte> bytes, const Endpoint& from);

  /// A packet under way. Event::what of an arrival is its number.
  struct Flight {
    std::uint32_t references = 0;
    std::uint32_t size = 0;
    bool foreign = false;  ///< injected: no member sent it
    Endpoint from;
    std::array<std::byte, payload_bytes_max> bytes;

    std::span<const std::byte> payload() const { return {bytes.data(), size}; }
  };
  const Flight& flight(std::uint64_t number) const { return flights_[number]; }
  /// It has arrived, or its receiver is no more.
  void landed(std::uint64_t number);

 private:
  std::uint64_t take_off(std::span<const std::byte> bytes, const Endpoint& from);
  void deliver(TimeNs now, std::size_t from, std::size_t to, std::uint64_t number);
  void schedule(TimeNs at, std::size_t to, std::uint64_t number);
  bool reaches(std::size_t from, std::size_t to) const {
    return !cut_[from][to] && (side_ >> from & 1) == (side_ >> to & 1);
  }

  const Roster& roster_;
  EventQueue& events_;
  Dice dice_;
  LinkWeather weather_;
  std::array<std::array<bool, servers_max>, servers_max> cut_{};
  std::uint64_t side_ = 0;
  std::array<TimeNs, servers_max> burst_until_{};
  std::deque<Flight> flights_;
  std::vector<std::uint64_t> free_;
};

}  // namespace muster::sim
