// What a node counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cluster/publishing/stats.h"
#include "cluster/types.h"
#include "cluster/wire/layout.h"

namespace muster {

/// Cycles of a loop that came later than NodeConfig::stall_threshold_ns after the one before.
struct StallStats {
  std::uint64_t count = 0;
  DurationNs longest_ns = 0;
  DurationNs last_ns = 0;
};

/// A counter of the transport, by its own name: "received", "send_full". One is no count but stands
/// for now: "in_use", packets that somebody holds.
struct NamedCount {
  std::string_view name;
  std::uint64_t value = 0;
};

/// One member's part of the directory as this member holds it: two members agree on it exactly when
/// owner, version and digest are equal (docs/protocol.md §6.3).
struct TreeStats {
  MemberKey owner;
  Version version = 0;
  std::uint64_t digest = 0;
  std::size_t names = 0;
};

/// Counted since the node started.
struct NodeStats {
  // Packets of the protocol, by wire::Type; rejected by wire::Reject.
  std::array<std::uint64_t, wire::type_last + 1> packets_received{};
  std::array<std::uint64_t, wire::type_last + 1> packets_sent{};
  std::array<std::uint64_t, 6> packets_rejected{};
  std::uint64_t packets_exhausted = 0;  ///< times that the packet pool was empty
  std::uint64_t packets_dropped = 0;    ///< not sent: the ring to the I/O thread was full

  std::uint64_t messages_sent = 0;         ///< calls and answers too
  std::uint64_t messages_delivered = 0;    ///< heard by this application
  std::uint64_t messages_undelivered = 0;  ///< reported by Handler::on_undelivered()
  std::uint64_t messages_unsound = 0;      ///< whose pieces made no message: dropped
  std::uint64_t packets_retransmitted = 0;

  /// Of topics (PublishingStats), as their publisher and as their subscriber.
  PublishingStats publishing;
  std::uint64_t publications_delivered = 0;  ///< messages heard by this application

  std::uint64_t suspicions = 0;
  std::uint64_t refutations = 0;
  std::uint64_t removals = 0;
  std::uint64_t reincarnations = 0;     ///< times that this member came back as another incarnation
  std::uint64_t address_conflicts = 0;  ///< packets that others sent from this member's address
  std::uint64_t narrow_paths = 0;       ///< now: members whom the longest packets do not reach, see
                                        ///< Handler::on_path()

  std::uint64_t gaps = 0;           ///< times that something was seen to be missing
  std::uint64_t sync_requests = 0;  ///< sent to repair that
  std::uint64_t sync_answers = 0;   ///< sent to others
  std::uint64_t catch_ups = 0;      ///< repairs that ended with the copy up to date
  std::uint64_t wrong_copies = 0;   ///< copies whose digest was not the owner's

  Version own_version = 0;          ///< of this member's part of the directory
  std::vector<TreeStats> trees;     ///< its own first, then those of the other members
  std::uint64_t events_queued = 0;  ///< control events that wait in the backlog now

  StallStats engine_stalls;  ///< of the thread that runs the protocol: poll()'s when inline
  StallStats io_stalls;      ///< of the I/O threads together; none when inline
  DurationNs away_ns = 0;    ///< stretches of half a millisecond or more for which one of them did
                             ///< nothing for the protocol, all together: the peers are told so
  std::vector<NamedCount> transport;
};

}  // namespace muster
