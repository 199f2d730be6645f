#include "tests/sim/run.h"

#include "tests/sim/scenario.h"
#include "tests/sim/world.h"

namespace muster::sim {

Outcome run(std::uint64_t seed, std::FILE* text, Mutation* mutation) {
  Trace trace(text);
  const Scenario scenario = scenario_of(seed);
  trace.say(0, 0, "seed {}: {}", seed, describe(scenario));
  World world(scenario, trace, mutation);
  world.run();
  return {seed, world.verdict().steps(), trace.hash(), world.convergence_share(),
          world.verdict().violation()};
}

}  // namespace muster::sim
