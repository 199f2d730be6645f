// Who pays for repairs: packets of repair, counted at those who send and those who receive them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cluster/config.h"
#include "sim/dice.h"

namespace muster::bench {

/// Which packets are lost, in parts per million: at each receiver by itself, or at the sender, so
/// that all receivers miss the same ones.
struct Loss {
  sim::Ppm at_receiver = 0;
  sim::Ppm at_sender = 0;
};

inline constexpr sim::Ppm certain = 1'000'000;
/// Is this change, counted from 0, lost at the sender as it is first sent? Of changes an even share
/// is, whatever the dice say: where they are few, none might be.
inline bool loses_first(const Loss& loss, std::uint64_t change) {
  if (loss.at_sender == 0) return false;
  const std::uint64_t every = certain / loss.at_sender;
  return change % every == every / 2;
}

/// So often one owner changes its tree, one change a packet.
inline constexpr DurationNs change_interval_ns = 5 * ms;

struct RepairCost {
  std::uint64_t changes = 0;
  std::uint64_t receivers = 0;  ///< of each change
  std::uint64_t arrived = 0;    ///< changes, at all receivers, as they were first sent
  // Packets of repair, sent and received.
  std::uint64_t owner = 0;
  std::uint64_t requester = 0;  ///< whoever asks, or lacks what comes
  std::uint64_t bystander = 0;  ///< everybody else

  std::uint64_t missed() const { return changes * receivers - arrived; }
  double owner_per_change() const { return per(owner, changes); }
  /// For each change that one member missed.
  double requester_per_miss() const { return per(requester, missed()); }
  /// At one member that missed nothing.
  double bystander_per_change() const { return per(bystander, arrived); }

 private:
  static double per(std::uint64_t packets, std::uint64_t of) {
    return of == 0 ? 0 : static_cast<double>(packets) / static_cast<double>(of);
  }
};

}  // namespace muster::bench
