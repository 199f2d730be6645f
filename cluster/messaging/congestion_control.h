// How many packets a session may have under way, so that a line shared by many is filled, shared
// evenly, and holds no long queue (docs/adr/0012).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "cluster/messaging/congestion_config.h"
#include "cluster/types.h"

namespace muster {

/// From the sending of a packet to its acknowledgement.
struct RoundTrip {
  DurationNs ns = 0;
  /// Stretches for which an end read nothing and sent nothing, all together; they may have begun
  /// before the packet was sent, and two may have been at once.
  DurationNs away_ns = 0;
};

/// The sender's own matter: nothing of it is on the wire. Pure and without allocation after
/// construction; not thread-safe. Times never fall from one call to the next.
class CongestionControl {
 public:
  virtual ~CongestionControl() = default;

  /// `packets` were acknowledged, selectively or cumulatively, for the first time. `round_trip` is
  /// measured on the youngest of them that was sent once only; nullopt: none was. `in_flight`:
  /// packets under way before this acknowledgement, so at least `packets`.
  virtual void on_acknowledged(TimeNs now, std::uint32_t packets,
                               const std::optional<RoundTrip>& round_trip,
                               std::uint32_t in_flight) = 0;
  /// Later packets have overtaken these: they are taken for lost. They are not under way until they
  /// are sent again, and that needs room in the window like everything else.
  virtual void on_lost(TimeNs now, std::uint32_t packets) = 0;
  /// Nothing was heard for a whole timeout.
  virtual void on_timeout(TimeNs now) = 0;

  /// How many packets may be under way; 1 to `window_packets_max`.
  virtual std::uint32_t window_packets() const = 0;
};

/// Limits of 0 count as 1, and a start above the maximum as the maximum.
std::unique_ptr<CongestionControl> make_congestion_control(const CongestionConfig& config);

}  // namespace muster
