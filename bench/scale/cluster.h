// Many members in virtual time, as fast as it goes: one clock, one network, no invariants.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/scale/moments.h"
#include "bench/scale/view_port.h"
#include "cluster/member.h"
#include "sim/event_queue.h"
#include "sim/roster.h"
#include "sim/virtual_network.h"

namespace muster::bench {

/// What a packet of this payload takes of an Ethernet link: preamble, header, checksum and gap
/// (38 bytes), IPv4 (20) and UDP (8).
constexpr std::uint64_t wire_bytes(std::size_t payload_bytes) { return payload_bytes + 66; }

/// Packets sent and received by all members together, since the cluster began.
struct Traffic {
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_received = 0;
};

/// Hears every packet of a cluster.
class Tap {
 public:
  virtual ~Tap() = default;
  virtual void sent(std::size_t server, const Packet& packet) = 0;
  virtual void received(std::size_t server, std::span<const std::byte> payload) = 0;
};

/// Delays of the simulated network: a switch on a local network.
inline constexpr DurationNs delay_min_ns = 10 * us;
inline constexpr DurationNs delay_max_ns = 50 * us;

class Cluster final : private sim::Wire {
 public:
  Cluster(std::size_t servers, const MembershipConfig& timers, const DirectoryConfig& directory,
          std::uint64_t seed);
  ~Cluster() override;

  /// The process of `server` starts within `spread` from now, with one name bound.
  void start(std::size_t server, DurationNs spread);
  /// It is gone, unsaid.
  void crash(std::size_t server);
  /// Nothing that is sent to it until `when` arrives.
  void deafen(std::size_t server, TimeNs when) { network_.burst(server, when); }
  bool lives(std::size_t server) const { return servers_[server].member != nullptr; }
  Member& member(std::size_t server) { return *servers_[server].member; }
  const Member& member(std::size_t server) const { return *servers_[server].member; }
  /// Binds in the tree of `server`, and advertises it.
  void bind(std::size_t server, std::string_view path, std::uint64_t value);

  /// Until nothing before `when` is left to happen.
  void run_until(TimeNs when);
  /// Until `done()`, asked after every event. Throws std::runtime_error if it is not done in time.
  template <class Done>
  void run_while_not(Done done, DurationNs at_most, const char* what) {
    const TimeNs limit = now_ + at_most;
    while (!done())
      if (now_ > limit || !step()) not_in_time(what);
  }

  TimeNs now() const { return now_; }
  const sim::Roster& roster() const { return roster_; }
  std::size_t living() const { return living_; }
  Moments& moments() { return moments_; }
  const Traffic& traffic() const { return traffic_; }
  std::uint64_t deliveries() const { return traffic_.packets_received; }
  /// Loss in parts per million: at each receiver by itself, and for all receivers at once.
  void set_loss(sim::Ppm at_receiver, sim::Ppm at_sender);
  void set_tap(Tap* tap) { tap_ = tap; }

  /// All members hold each other, and all copies are what their owners have.
  bool agree() const;
  /// All copies of this owner's tree are what the owner has.
  bool agree_on(std::size_t owner) const;

 private:
  class Ear;
  struct Server {
    std::unique_ptr<ViewPort> port;
    std::unique_ptr<Ear> ear;
    std::unique_ptr<Member> member;
    Incarnation incarnation = 0;
    TimeNs wake_at = never_ns;
  };

  bool step();
  void begin(std::size_t number);
  void arrive(std::size_t number, std::uint64_t flight);
  void wake(std::size_t number, TimeNs at);
  void after_step(std::size_t number);
  void carry(std::size_t from, const Packet& packet) override;
  [[noreturn]] void not_in_time(const char* what) const;

  MembershipConfig timers_;
  DirectoryConfig directory_;
  std::uint64_t seed_;
  sim::Roster roster_;
  sim::Dice dice_;
  sim::EventQueue events_;
  sim::VirtualNetwork network_;
  std::vector<Server> servers_;
  TimeNs now_ = 0;
  std::size_t living_ = 0;
  Moments moments_;
  Traffic traffic_;
  Tap* tap_ = nullptr;
};

}  // namespace muster::bench
