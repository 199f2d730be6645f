// muster_sim: runs worlds, and says which seed broke which invariant.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "tests/sim/run.h"

namespace {

using muster::sim::Outcome;

struct Options {
  std::uint64_t seeds = 500;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seed;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  bool trace = false;
  std::string json;
};

std::string replay(std::uint64_t seed) {
  return fmt::format("scripts/sim --seed {} --trace", seed);
}

/// Says how far it is: on a terminal twice a second, else every five seconds.
class Progress {
 public:
  explicit Progress(std::uint64_t seeds) : seeds_(seeds) {}
  void report(std::uint64_t done, std::uint64_t failed) {
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + (terminal_ ? std::chrono::milliseconds(500) : std::chrono::seconds(5));
    fmt::print(stderr, "{}{} of {} seeds, {} failed{}", terminal_ ? "\r" : "", done, seeds_, failed,
               terminal_ ? "" : "\n");
    written_ = true;
  }
  /// What is printed next stands on a line of its own.
  void finish() {
    if (terminal_ && std::exchange(written_, false)) fmt::print(stderr, "\n");
  }

 private:
  using Clock = std::chrono::steady_clock;
  const std::uint64_t seeds_;
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  Clock::time_point next_ = Clock::now() + std::chrono::seconds(1);
  bool written_ = false;
};

void print_violation(const Outcome& outcome) {
  const muster::sim::Violation& violation = *outcome.violation;
  fmt::print("seed {}, step {}, {:.6f} ms: {} does not hold: {}\n  replay: {}\n", outcome.seed,
             violation.step, static_cast<double>(violation.at_ns) / 1e6, violation.invariant,
             violation.sentence, replay(outcome.seed));
  std::fflush(stdout);
}

/// Each seed is a world of its own, so that the number of jobs changes nothing but the time.
std::vector<Outcome> run_all(const Options& options) {
  std::vector<Outcome> outcomes(options.seeds);
  std::atomic<std::uint64_t> next = 0;
  std::mutex mutex;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  Progress progress(options.seeds);
  const auto work = [&] {
    for (std::uint64_t at = next++; at < options.seeds; at = next++) {
      outcomes[at] = muster::sim::run(options.first + at);
      const std::scoped_lock lock(mutex);
      ++done;
      if (outcomes[at].violation) {
        ++failed;
        progress.finish();
        print_violation(outcomes[at]);
      }
      progress.report(done, failed);
    }
  };
  {
    std::vector<std::jthread> workers;
    workers.reserve(options.jobs);
    for (unsigned job = 0; job < options.jobs; ++job) workers.emplace_back(work);
  }
  progress.finish();
  return outcomes;
}

nlohmann::json summary_of(const std::vector<Outcome>& outcomes) {
  nlohmann::json summary = {{"seeds", outcomes.size()}, {"failures", nlohmann::json::array()}};
  std::uint64_t steps = 0;
  for (const Outcome& outcome : outcomes) {
    steps += outcome.steps;
    if (outcome.violation)
      summary["failures"].push_back({{"seed", outcome.seed},
                                     {"invariant", outcome.violation->invariant},
                                     {"replay", replay(outcome.seed)}});
  }
  summary["steps"] = steps;
  return summary;
}

int simulate(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Outcome> outcomes;
  if (options.seed) {
    outcomes = {muster::sim::run(*options.seed, options.trace ? stdout : nullptr)};
    if (outcomes.front().violation) print_violation(outcomes.front());
  } else {
    outcomes = run_all(options);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const nlohmann::json summary = summary_of(outcomes);
  const auto steps = summary["steps"].get<std::uint64_t>();
  fmt::print("{} seeds, {} steps, {} failures, {:.1f} s ({:.0f} steps/s)\n", outcomes.size(), steps,
             summary["failures"].size(), seconds.count(),
             static_cast<double>(steps) / seconds.count());
  const auto slowest = std::ranges::max_element(outcomes, {}, &Outcome::convergence_share);
  if (slowest != outcomes.end())
    fmt::print("slowest to converge: seed {}, in {:.0f} % of its time\n", slowest->seed,
               100 * slowest->convergence_share);
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << summary.dump(2) << '\n';
    if (!file.flush()) {
      fmt::print(stderr, "cannot write {}: choose a --json file in a folder that can be written\n",
                 options.json);
      return 2;
    }
  }
  return summary["failures"].empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Simulates whole clusters, one for each seed, and checks the design's invariants after every "
      "step. A seed decides everything: a failure is replayed with --seed."};
  app.add_option("--seeds", options.seeds, "how many seeds to run")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--first", options.first, "the first of them")->capture_default_str();
  app.add_option("--seed", options.seed, "run this seed alone");
  app.add_flag("--trace", options.trace, "print what happens, with --seed");
  app.add_option("--jobs", options.jobs, "threads; the outcome does not depend on it")
      ->check(CLI::Range(1U, 1024U));
  app.add_option("--json", options.json, "write the summary to this file as well");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& said) {
    return app.exit(said) == 0 ? 0 : 2;
  }
  return simulate(options);
}
