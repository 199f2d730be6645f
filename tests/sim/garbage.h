// Bytes that are no packet of this cluster: random, cut short, too long, foreign, of a version
// that does not exist (I14).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sim/dice.h"

namespace muster::sim {

/// `real`: a packet of the cluster, to be spoiled; `bytes_max`: the longest that there may be.
std::vector<std::byte> garbage(Dice& dice, std::span<const std::byte> real, std::size_t bytes_max);

}  // namespace muster::sim
