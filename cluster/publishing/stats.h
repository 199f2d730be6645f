// What publishing counts.
#pragma once

#include <cstdint>

namespace muster {

/// Counted since construction, over all topics.
struct PublishingStats {
  // As a publisher.
  std::uint64_t packets_published = 0;
  std::uint64_t packets_to_group = 0;  ///< sent once for all who hear the group
  std::uint64_t packets_repaired = 0;  ///< sent again, to one
  std::uint64_t positions_sent = 0;
  std::uint64_t subscribers_dropped = 0;
  std::uint64_t values_skipped = 0;   ///< times that one went on at the latest value instead
  std::uint64_t reports_unknown = 0;  ///< of whoever is no subscriber, or of what is no topic
  std::uint64_t reports_absurd = 0;   ///< of what was never sent, or was never said
  // As a subscriber.
  std::uint64_t packets_delivered = 0;   ///< accepted by the application
  std::uint64_t deliveries_refused = 0;  ///< times that the application had no room
  std::uint64_t packets_unknown = 0;     ///< of streams that are not followed, or not yet
  std::uint64_t packets_duplicate = 0;
  std::uint64_t packets_outside_window = 0;
  std::uint64_t packets_without_room = 0;  ///< as MessagingStats counts them
  std::uint64_t packets_broken = 0;        ///< unreliable: late, or of a message with a lost piece
  std::uint64_t positions_unknown = 0;     ///< of streams that are not followed
  std::uint64_t streams_refused = 0;       ///< more than may be followed
  std::uint64_t reports_sent = 0;
};

}  // namespace muster
