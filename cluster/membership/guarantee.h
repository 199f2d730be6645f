// What the timers promise: docs/protocol.md §5.9 has the formulas, and a table for the presets.
#pragma once

#include <cstdint>

#include "cluster/config.h"

namespace muster {

/// Times that a suspect is probed before it is declared dead (docs/protocol.md §5.4).
inline constexpr DurationNs probes_while_suspected = 3;

/// Follows from the timers alone. The network's one-way delay, and what a loop is late without
/// noticing, together stay within one heartbeat interval.
struct Guarantee {
  /// D: so long after a crash, at whatever moment, every healthy survivor that still hears anybody
  /// has removed the member.
  DurationNs detection_ns = 0;
  /// The same of a survivor that trusts itself least.
  DurationNs detection_unhealthy_ns = 0;
  /// P: a member that pauses for less is not removed.
  DurationNs pause_ns = 0;
  /// L: a member is not removed though so many heartbeats in a row, and every other packet of that
  /// time, are lost.
  std::uint32_t heartbeats_lost = 0;
  /// L: of independent losses, the share of packets at which one heartbeat in 10^9 is followed by
  /// the removal of its living sender, at any one receiver; in a cluster with all helpers.
  double loss = 0;
  /// The same where there is nobody to help: in a cluster of two.
  double loss_of_two = 0;
};

Guarantee guarantee_of(const MembershipConfig& timers);

/// The probability that a heartbeat which has arrived is the last sign of life before its living
/// sender is removed, when `loss` of all packets are lost independently.
double false_removal_probability(const MembershipConfig& timers, double loss,
                                 std::uint32_t helpers);

}  // namespace muster
