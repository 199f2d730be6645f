// Whether all members hold the same in the end, and whether nothing has leaked.
#pragma once

#include <string>
#include <vector>

#include "tests/e2e/soak_cluster.h"

namespace muster::soak {

using Mistakes = std::vector<std::string>;

/// What the processes hold when all have joined, and the long-lived ones after the warm-up.
struct Baseline {
  std::array<Footprint, members> members_joined;
  Footprint switch_joined;
  std::array<std::size_t, veterans> veterans_warm_kib{};
  std::size_t switch_warm_kib = 0;
};

/// Equal vectors, and the names that the members were told to bind, within a bound.
Mistakes judge_directory(Cluster& cluster);
/// Every member reaches every other; nothing was lost, doubled or changed before.
Mistakes judge_messages(Cluster& cluster);
/// Descriptors, threads, memory, packets.
Mistakes judge_footprints(Cluster& cluster, const Baseline& baseline);
/// What the switch counted agrees with itself and with what the members counted.
Mistakes judge_switch(Cluster& cluster);

}  // namespace muster::soak
