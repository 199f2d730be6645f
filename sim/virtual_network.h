// A seeded network: what is sent arrives once, late, twice, in another order, or never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "cluster/packet.h"
#include "sim/dice.h"
#include "sim/event_queue.h"
#include "sim/roster.h"
#include "sim/sim_port.h"

namespace muster::sim {

/// The weather of every link.
struct LinkWeather {
  Ppm loss = 0;            ///< on the way to one receiver, independent of the others
  Ppm loss_at_sender = 0;  ///< before it is anybody's: all receivers miss it
  /// Loss comes in bursts: a link turns bad and good again with these chances at each packet, and
  /// while it is bad loses most (Gilbert, Bell System Technical Journal, 1960).
  Ppm turns_bad = 0;
  Ppm turns_good = 0;
  Ppm loss_while_bad = 0;
  Ppm duplicate = 0;
  Ppm late = 0;  ///< a copy that turns up when nobody expects it any more
  DurationNs delay_min_ns = 0;
  DurationNs delay_max_ns = 0;  ///< each packet draws its own: that is the reordering
  DurationNs late_max_ns = 0;
  bool loopback = false;  ///< a multicast comes back to its sender
  /// However often packets are lost by chance, no more heartbeats in a row are on their way from
  /// one member to another.
  std::uint32_t heartbeats_lost_max = UINT32_MAX;
};

class VirtualNetwork {
 public:
  VirtualNetwork(const Roster& roster, EventQueue& events, std::uint64_t seed);

  void set_weather(const LinkWeather& weather) { weather_ = weather; }
  const LinkWeather& weather() const { return weather_; }

  /// One way only: what `from` sends does not reach `to`.
  void cut(std::size_t from, std::size_t to) { cut_[link(from, to)] = true; }
  void mend(std::size_t from, std::size_t to) { cut_[link(from, to)] = false; }
  /// One way too: of what `from` sends, nothing longer than so many bytes reaches `to`.
  void narrow(std::size_t from, std::size_t to, std::size_t bytes) {
    longest_[link(from, to)] = bytes;
  }
  /// Puts a server on a side: servers of different sides do not hear each other. All begin on 0.
  void set_side(std::size_t server, std::uint32_t side) { sides_[server] = side; }
  /// All that is sent to `server` until then is lost.
  void burst(std::size_t server, TimeNs until) { burst_until_[server] = until; }
  void heal();
  /// A server that neither hears the group nor reaches it.
  void set_deaf(std::size_t server) { deaf_[server] = true; }

  /// To a server or to the group; to any other address it vanishes.
  void send(TimeNs now, std::size_t from, const Packet& packet);
  /// Bytes from outside the cluster.
  void inject(TimeNs now, std::size_t to, std::span<const std::byte> bytes, const Endpoint& from);

  /// A packet under way, shared by all who will receive it. Event::what of an arrival is its
  /// number.
  struct Flight {
    std::uint32_t references = 0;
    bool foreign = false;  ///< injected: no member sent it
    Endpoint from;
    std::vector<std::byte> bytes;  ///< keeps its memory for the next packet of this number

    std::span<const std::byte> payload() const { return bytes; }
  };
  const Flight& flight(std::uint64_t number) const { return flights_[number]; }
  /// It has arrived, or its receiver is no more.
  void landed(std::uint64_t number);

 private:
  std::uint64_t take_off(std::span<const std::byte> bytes, const Endpoint& from);
  /// `lost`: before it was anybody's.
  void deliver(TimeNs now, std::size_t from, std::size_t to, std::uint64_t number, bool lost);
  void schedule(TimeNs at, std::size_t to, std::uint64_t number);
  std::size_t link(std::size_t from, std::size_t to) const { return from * roster_.size() + to; }
  bool reaches(TimeNs now, std::size_t from, std::size_t to) const {
    return !cut_[link(from, to)] && sides_[from] == sides_[to] && now >= burst_until_[to];
  }
  bool loses(std::size_t from, std::size_t to);
  bool spares_heartbeats() const { return weather_.heartbeats_lost_max != UINT32_MAX; }

  const Roster& roster_;
  EventQueue& events_;
  Dice dice_;
  LinkWeather weather_;
  std::vector<bool> cut_;                       // of link()
  std::vector<bool> bad_;                       // of link()
  std::vector<std::size_t> longest_;            // of link()
  std::vector<std::uint32_t> heartbeats_lost_;  // of link(), in a row
  std::vector<std::uint32_t> sides_;
  std::vector<TimeNs> burst_until_;
  std::vector<bool> deaf_;  // to the group
  std::deque<Flight> flights_;
  std::vector<std::uint64_t> free_;
};

}  // namespace muster::sim
