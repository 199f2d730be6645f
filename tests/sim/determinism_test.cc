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

/// A protocol that knows more than its seed and its packets: here, how many runs there were.
struct RemembersTheLastRun final : Mutation {
  void arriving(std::size_t, std::span<std::byte> bytes) override {
    if (++arrived < 200 && !bytes.empty()) bytes[0] ^= std::byte{1};
  }
  int arrived = 0;
};

TEST(Simulation, NoticesWhatIsNotDecidedByTheSeed) {
  RemembersTheLastRun mutation;
  const Outcome first = run(1, nullptr, &mutation);
  const Outcome second = run(1, nullptr, &mutation);
  EXPECT_NE(first.trace, second.trace);
}

}  // namespace
}  // namespace muster::sim
