// What the channels to one peer share: the way there.
#pragma once

#include <cstdint>
#include <memory>

#include "cluster/messaging/congestion_control.h"
#include "cluster/messaging/round_trip_estimator.h"
#include "cluster/types.h"

namespace muster {

struct Route {
  Endpoint endpoint;
  RoundTripEstimator round_trip;
  std::unique_ptr<CongestionControl> congestion;
  std::uint32_t in_flight = 0;   ///< packets sent, of which nothing is known yet
  std::uint64_t turns = 0;       ///< transmissions so far, each the next turn
  std::uint64_t heard_turn = 0;  ///< the latest that is known to have arrived

  /// One more packet may be under way.
  bool open() const { return in_flight < congestion->window_packets(); }
};

}  // namespace muster
