// What the channels to one peer share: the way there.
#pragma once

#include <cstdint>
#include <memory>

#include "cluster/messaging/congestion_control.h"
#include "cluster/messaging/round_trip_estimator.h"
#include "cluster/types.h"
#include "cluster/wire/layout.h"

namespace muster {

struct Route {
  Endpoint endpoint;
  RoundTripEstimator round_trip;
  std::unique_ptr<CongestionControl> congestion;
  std::uint32_t in_flight = 0;   ///< packets sent, of which nothing is known yet
  std::uint64_t turns = 0;       ///< transmissions so far, each the next turn
  std::uint64_t heard_turn = 0;  ///< the latest that is known to have arrived

  DurationNs peer_away_ns = 0;  ///< all together, as far as it has said
  std::uint16_t peer_away = 0;  ///< as it said it last, in packet `peer_packet`
  std::uint64_t peer_packet = 0;

  /// In packet `number` the peer says for how long it was away.
  void hear_away(std::uint64_t number, std::uint16_t away) {
    if (number <= peer_packet) return;
    if (peer_packet != 0)
      peer_away_ns += wire::away_unit_ns * static_cast<std::uint16_t>(away - peer_away);
    peer_packet = number;
    peer_away = away;
  }

  /// One more packet may be under way.
  bool open() const { return in_flight < congestion->window_packets(); }
};

}  // namespace muster
