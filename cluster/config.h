// What a member can be told: names, timers, limits. Plain values, checked by whoever reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/messaging/congestion_config.h"
#include "cluster/types.h"

namespace muster {

inline constexpr DurationNs us = 1'000;
inline constexpr DurationNs ms = 1'000'000;
inline constexpr DurationNs second = 1'000'000'000;

struct MembershipConfig {
  DurationNs heartbeat_interval_ns = 100 * ms;
  DurationNs suspect_after_ns = 320 * ms;  ///< silence until a member is suspected
  DurationNs dead_after_ns = 80 * ms;      ///< from suspicion to removal
  DurationNs join_listen_ns = 250 * ms;    ///< how long a joiner waits to be refused
  std::uint32_t helpers = 3;               ///< members asked to probe a suspect
  std::uint32_t members_max = 1024;
};

// What each promises, as figures: guarantee_of() in cluster/membership/guarantee.h.
/// For a LAN whose hosts may pause for 300 ms: a crash is known within 0.5 s. The default.
MembershipConfig lan_timers();
/// For members that own their cores: a crash is known within 10 ms.
MembershipConfig fast_timers();
/// For clouds and long lines, where hosts stand still for seconds: a crash is known within 5 s.
MembershipConfig wan_timers();

/// Where a joiner gets the trees of those who were there before it.
enum class CatchUpFrom : std::uint8_t {
  owners,      ///< each owner is asked for its own
  one_member,  ///< one synchronized member is asked for all of them, the owners if that fails
};

struct DirectoryConfig {
  CatchUpFrom join_from = CatchUpFrom::one_member;
  DurationNs request_jitter_ns = 2 * ms;       ///< a gap is asked for after up to this long
  DurationNs request_timeout_ns = 20 * ms;     ///< doubled at each try, up to 16 times this
  std::size_t tombstone_bytes_max = 64 << 10;  ///< withdrawn names remembered, for catch-up
  std::size_t tree_bytes_max = std::size_t{256} << 20;  ///< of one owner's tree
  /// Own changes kept as they were made, for advertisements: the largest batch and some more.
  std::size_t change_log_bytes_max = 2 << 20;
  std::uint32_t answer_pages_max = 32;     ///< packets that one request asks for, or is given
  std::uint32_t bindings_per_step = 1024;  ///< withdrawn or looked through in one call
  /// To all readers together, from a bucket that holds what one millisecond gives: by default
  /// 12 Gbit/s, of full packets.
  std::uint32_t answer_packets_per_ms = 1024;
  /// So many distinct members that miss the same, and one in sixteen of all, are served by one
  /// multicast; 0: never.
  std::uint32_t repair_threshold = 3;
};

inline constexpr std::uint32_t window_packets_max = 1024;

inline constexpr std::uint32_t crowded_packets = 8;

struct MessagingConfig {
  std::uint32_t window_packets = 256;  ///< under way on one channel; at most window_packets_max
  std::uint32_t queue_packets = 64;    ///< that wait for the window of one channel
  /// Given out to be written, queued or not acknowledged, of all channels together: see
  /// Messaging::crowded(). A node sets it by its pool: see NodeConfig::messaging.
  std::uint32_t send_packets = 4096;
  /// Received, and held because one before them is missing or the application has no room; of all
  /// channels together. A node sets it by its pool: see NodeConfig::messaging.
  std::uint32_t held_packets = 1024;
  DurationNs retransmit_min_ns = 200 * us;
  DurationNs retransmit_max_ns = 100 * ms;
  std::uint32_t calls_max = 1024;  ///< in flight from this member
  std::uint32_t topics_max = 64;   ///< published by this member
  /// What all of these may keep together: for each, history_packets and lag_packets (TopicConfig),
  /// and in a pipelined node queue_packets.
  std::uint32_t retained_packets = 2048;
  std::uint32_t subscriptions_max = 64;
  std::uint32_t streams_max = 256;  ///< followed, of all publishers of all these
  CongestionConfig congestion;
};

struct MemberConfig {
  std::string name;
  std::uint64_t cluster = 0;    ///< cluster_id()
  Incarnation incarnation = 1;  ///< greater at each start: nanoseconds of wall time do
  Endpoint self;
  Endpoint group;         ///< multicast group of the cluster
  bool multicast = true;  ///< false: the group does not reach this member, nor it the group
  /// Where members may be, for those whom the group does not reach (docs/protocol.md §4.6).
  std::vector<Endpoint> seeds{};
  std::uint64_t seed = 1;  ///< of the jitter
  MembershipConfig membership;
  DirectoryConfig directory;
  MessagingConfig messaging;
};

}  // namespace muster
