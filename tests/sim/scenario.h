// What one seed picks: the cluster, its timers, the faults that befall it, and its work.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config.h"
#include "cluster/mtu.h"
#include "cluster/publishing/topic_config.h"
#include "sim/dice.h"
#include "sim/virtual_network.h"

namespace muster::sim {

/// How bad it gets, and so what may be demanded.
enum class Weather : std::uint8_t {
  calm,   ///< no loss, short delays, no pauses: a crash is known within its bound
  rough,  ///< loss and pauses that the timers are made for: nobody live is removed
  harsh,  ///< anything
};

enum class FaultKind : std::uint8_t {
  crash,
  restart,
  leave,
  garbage,    ///< bytes that are no packet of this cluster
  pause,      ///< SIGSTOP, and SIGCONT later; those that follow are outages
  burst,      ///< a server hears nothing for a moment
  cut,        ///< one way between two servers
  partition,  ///< the servers fall into two sides
  exhaust,    ///< a server's pool has no packets for a while
  slow,       ///< a server receives slowly for a while, until its ring is full
};
inline constexpr std::size_t fault_kinds = 10;

enum class WorkKind : std::uint8_t {
  bind,
  bind_many,
  batch,
  withdraw,
  withdraw_all,
  message,
  call
};
inline constexpr std::size_t work_kinds = 7;

inline constexpr std::size_t servers_max = 8;

struct Scenario {
  std::uint64_t seed = 0;
  Weather weather{};
  std::size_t servers = 0;
  std::uint32_t mtu = mtu_default;
  bool ipv6 = false;  ///< their addresses

  std::uint64_t deaf = 0;  ///< servers whose bit is set do not hear the group
  std::vector<std::size_t> seeds;

  /// What the first sends to the second arrives only if it is short, while there are faults; none.
  std::size_t narrow_from = SIZE_MAX;
  std::size_t narrow_to = SIZE_MAX;

  MembershipConfig membership;
  DirectoryConfig directory;
  MessagingConfig messaging;

  LinkWeather links;
  std::array<std::uint32_t, fault_kinds> fault_weights{};
  DurationNs fault_interval_ns = 0;  ///< mean
  DurationNs faults_last_ns = 0;     ///< after that everything heals, and must converge
  DurationNs pause_max_ns = 0;
  bool pauses_overlap = false;  ///< in rough weather: of several servers
  DurationNs outage_max_ns = 0;
  DurationNs vouched_cut_max_ns = 0;  ///< of a cut between two, while all others can vouch
  DurationNs slow_packet_ns = 0;      ///< that a slow server takes for each packet
  std::size_t ring_packets = 0;       ///< that wait for a slow server; more are dropped
  bool clocks_set_back = false;       ///< a restarted server may begin with an older incarnation
  std::int64_t drift_ppm_max = 0;
  DurationNs cycle_ns = 0;      ///< from the first packet of a burst to transmit()
  bool deadlines_first = true;  ///< after a pause: before the packets that waited, or after them

  std::array<std::uint32_t, work_kinds> work_weights{};
  DurationNs work_interval_ns = 0;  ///< mean, of each server
  std::size_t names = 0;            ///< that bindings choose from
  std::size_t value_bytes_max = 0;
  std::size_t payload_bytes_max = 0;
  std::size_t channels = 1;            ///< that messages choose from
  Ppm large = 0;                       ///< chance that a message is a large one
  std::size_t large_bytes_max = 0;     ///< without its head
  std::size_t kept_packets_max = 0;    ///< of each message in pieces
  std::size_t assembly_bytes_max = 0;  ///< of all messages in pieces that one application receives
  std::size_t share_packets = 0;       ///< of its pool for what an application sends and keeps
  std::size_t never_reading = SIZE_MAX;  ///< while there are faults this server ignores a channel
  ChannelId never_read = 0;
  Ppm refuse = 0;  ///< chance that the application turns busy at a message
  Ppm keep = 0;    ///< chance that it keeps the packet for a while
  DurationNs call_deadline_max_ns = 0;
  std::vector<TopicConfig> topics;  ///< that servers publish and follow
  Ppm topic_work = 0;               ///< chance that a server that works does so with topics too

  bool hears_group(std::size_t server) const { return (deaf >> server & 1) == 0; }
  bool never_reads(std::size_t server, ChannelId channel) const {
    return server == never_reading && channel == never_read;
  }
  /// Of all messages in pieces together, and of those of topics.
  std::size_t all_kept_packets_max() const { return 2 * kept_packets_max; }
  std::size_t streams() const { return (servers - 1) * channels; }
  std::size_t topic_streams() const { return (servers - 1) * topics.size(); }
  /// Of all topics, that one server publishes.
  std::size_t topic_packets() const;
  std::size_t history_packets() const;
  /// Packets that a process leaves to the network, and to what must be held whatever comes.
  std::size_t spare_packets() const;
  std::size_t pool_packets() const { return spare_packets() + share_packets; }
  DurationNs heartbeat_ns() const { return membership.heartbeat_interval_ns; }
  /// In rough weather, after a pause or an outage: until everybody has been heard again.
  DurationNs recovery_ns() const { return (links.heartbeats_lost_max + 2) * heartbeat_ns(); }
  /// From a crash until everybody knows (design, I9).
  DurationNs detection_ns() const;
  /// The longest delay once all faults have ended.
  DurationNs fair_delay_max_ns() const;
  /// The same for a survivor that does not trust itself.
  DurationNs detection_unhealthy_ns() const;
  /// From the end of all faults until all live members agree (design, I1).
  DurationNs convergence_ns() const;

 private:
  DurationNs late_answers_ns() const;
  DurationNs over_budget_ns() const;
  DurationNs backlog_ns() const;
  DurationNs topics_backlog_ns() const;
};

Scenario scenario_of(std::uint64_t seed);
/// One line for a reader.
std::string describe(const Scenario& scenario);

}  // namespace muster::sim
