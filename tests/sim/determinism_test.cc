// I15: one seed, one trace.
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/sim/run.h"

namespace muster::sim {
namespace {

constexpr std::uint64_t seeds = 12;

TEST(Simulation, GivesTheSameTraceForTheSameSeed) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome first = run(seed);
    const Outcome second = run(seed);
    EXPECT_EQ(first.trace, second.trace) << "seed " << seed;
    EXPECT_EQ(first.steps, second.steps) << "seed " << seed;
  }
}

TEST(Simulation, GivesTheSameTraceInAnotherThread) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Outcome there;
    std::thread([&] { there = run(seed); }).join();
    EXPECT_EQ(there.trace, run(seed).trace) << "seed " << seed;
  }
}

TEST(Simulation, GivesAnotherTraceForAnotherSeed) {
  std::set<std::uint64_t> traces;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) traces.insert(run(seed).trace);
  EXPECT_EQ(traces.size(), seeds);
}

}  // namespace
}  // namespace muster::sim
