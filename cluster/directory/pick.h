// One of those who bind a name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cluster/directory/bound.h"
#include "cluster/types.h"

namespace muster {

class Random;

/// How one is chosen of those who bind a name.
struct Pick {
  enum class By : std::uint8_t {
    round_robin,  ///< one after the other, counted for each name
    random,       ///< each as likely as the others
    nearest,      ///< the shortest round trip
    sticky,       ///< the same for the same key
  };
  By by = By::round_robin;
  std::string_view key = {};  ///< of `sticky`

  static constexpr Pick round_robin() { return {By::round_robin}; }
  static constexpr Pick random() { return {By::random}; }
  /// By the smoothed round trip of messages to each; one that was never measured comes after all
  /// that were, and equals take turns.
  static constexpr Pick nearest() { return {By::nearest}; }
  /// By rendezvous hashing (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit
  /// Rates", 1998): a key keeps its member for as long as that binds the name, a restarted one gets
  /// its keys back, and all members that see the same bindings pick the same. `key` is any bytes;
  /// it must live until the pick is made.
  static constexpr Pick sticky(std::string_view key) { return {By::sticky, key}; }
};

/// The candidate of the lowest rank is chosen. `distance_ns` is never_ns for one never measured.
std::uint64_t rank(const Pick& pick, MemberId candidate, DurationNs distance_ns, Random& dice);

/// `distance_ns(key)` is an optional<DurationNs>: nullopt, that member is no candidate. `turn` is
/// where this name's turn is. nullptr where there is no candidate. O(all.size()), and constant for
/// round robin where all are candidates.
template <class Distance>
const Bound* choose(const Pick& pick, std::span<const Bound> all, std::uint32_t& turn, Random& dice,
                    Distance&& distance_ns) {
  const Bound* best = nullptr;
  std::uint64_t best_rank = 0;
  for (std::size_t i = 1; i <= all.size(); ++i) {
    const Bound& bound = all[(turn + i) % all.size()];
    const std::optional<DurationNs> distance = distance_ns(bound.owner);
    if (!distance) continue;
    const std::uint64_t its_rank = rank(pick, bound.owner.id, *distance, dice);
    if (best != nullptr && its_rank >= best_rank) continue;
    best = &bound;
    best_rank = its_rank;
    if (pick.by == Pick::By::round_robin) break;
  }
  const bool by_turn = pick.by == Pick::By::round_robin || pick.by == Pick::By::nearest;
  if (best != nullptr && by_turn) turn = static_cast<std::uint32_t>(best - all.data());
  return best;
}

}  // namespace muster
