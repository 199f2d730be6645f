// A seeded generator with the throws that the simulation needs.
#pragma once

#include <cstdint>
#include <span>

#include "cluster/random.h"

namespace muster::sim {

/// Chances are in parts per million.
using Ppm = std::uint32_t;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::uint64_t next() { return random_.next(); }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  /// Uniform, both ends included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + random_.below(high - low + 1);
  }
  bool chance(Ppm ppm) { return ppm > 0 && random_.below(1'000'000) < ppm; }
  /// A place in `weights`, as often as its weight says; their sum is not 0.
  std::size_t weighted(std::span<const std::uint32_t> weights) {
    std::uint64_t sum = 0;
    for (const std::uint32_t weight : weights) sum += weight;
    std::uint64_t left = below(sum);
    std::size_t at = 0;
    while (left >= weights[at]) left -= weights[at++];
    return at;
  }

 private:
  Random random_;
};

}  // namespace muster::sim
