// What messaging counts.
#pragma once

#include <cstdint>

namespace muster {

/// Counted since construction, over all peers and channels.
struct MessagingStats {
  std::uint64_t messages_sent = 0;         ///< accepted from the application
  std::uint64_t messages_undelivered = 0;  ///< reported by Events::on_undelivered
  std::uint64_t packets_delivered = 0;     ///< accepted by the application
  std::uint64_t deliveries_refused = 0;    ///< times that the application had no room
  std::uint64_t packets_retransmitted = 0;
  std::uint64_t packets_duplicate = 0;       ///< received before
  std::uint64_t packets_outside_window = 0;  ///< sent beyond the credit given
  std::uint64_t packets_without_room = 0;    ///< out of order while too many were held
  std::uint64_t packets_unknown = 0;  ///< from or to an incarnation that is not in the session
  std::uint64_t acknowledgements_sent = 0;    ///< in packets of their own
  std::uint64_t acknowledgements_absurd = 0;  ///< of what was never sent: the packet was dropped
  std::uint64_t timeouts_spared = 0;  ///< this loop was late, and waited before it sent again
};

}  // namespace muster
