// One seed, one world.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/verdict.h"
#include "tests/sim/mutation.h"
#include "tests/sim/trace.h"

namespace muster::sim {

struct Outcome {
  std::uint64_t seed = 0;
  std::uint64_t steps = 0;
  std::uint64_t trace = 0;       ///< equal for two runs of one seed
  double convergence_share = 0;  ///< of the time that there was for it
  std::optional<Violation> violation;
};

/// `text`: where the readable trace goes, or nullptr.
Outcome run(std::uint64_t seed, std::FILE* text = nullptr, Mutation* mutation = nullptr);

}  // namespace muster::sim
