// Measures one size of the cluster.
#pragma once

#include <functional>
#include <string>

#include "bench/scale/figures.h"

namespace muster::bench {

/// How much is simulated.
struct Effort {
  std::uint64_t change_deliveries = 100'000;  ///< in each case of loss, as far as changes_* allow
  std::uint64_t changes_min = 60;
  std::uint64_t changes_max = 2'000;
  // Members that must hear, over all rounds of a measure; at least 2 rounds, at most 60.
  std::size_t hearers_of_changes = 3'000;
  std::size_t hearers_of_crashes = 1'000;
};

/// All measures on one cluster with the timers of the preset lan, one after the other. `progress`
/// is told what was done. Throws std::runtime_error when the cluster does not converge.
Figures measure(std::size_t members, const Effort& effort,
                const std::function<void(const std::string&)>& progress);

}  // namespace muster::bench
