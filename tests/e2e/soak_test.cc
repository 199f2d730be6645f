// Eight real processes on two cores, over memif and the virtual switch, for a minute: frames
// lost, doubled and reordered, members killed, paused, leaving and coming back, names and messages
// all the while. In the end all hold the same, and nothing has leaked.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>

#include "tests/e2e/soak_verdict.h"
#include "tools/lab/temporary_folder.h"

namespace muster::soak {
namespace {

using std::chrono::seconds;
namespace fs = std::filesystem;

std::uint64_t from_environment(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

struct Options {
  std::uint64_t seed = from_environment("MUSTER_SOAK_SEED", 1);
  milliseconds duration = seconds(from_environment("MUSTER_SOAK_SECONDS", 60));
  std::string program = std::getenv("MUSTER");

  std::string again() const {
    return fmt::format("MUSTER={} MUSTER_SOAK_SEED={} MUSTER_SOAK_SECONDS={} {}", program, seed,
                       duration / seconds(1), fs::read_symlink("/proc/self/exe").string());
  }
};

/// All processes that come from here share two of the cores that we may use.
void keep_to_two_cores() {
  cpu_set_t allowed, two;
  CPU_ZERO(&two);
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&two) < 2; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &two);
  ASSERT_EQ(sched_setaffinity(0, sizeof two, &two), 0);
}

/// A folder for all that is temporary, so that what is left behind can be seen.
class Workplace {
 public:
  Workplace() {
    fs::create_directory(temporary());
    setenv("TMPDIR", temporary().c_str(), 1);
    setenv("XDG_RUNTIME_DIR", temporary().c_str(), 1);
  }

  fs::path temporary() const { return folder_ / "tmp"; }
  fs::path log() const { return folder_ / "log"; }
  void keep_log() {
    fs::remove_all(temporary());
    folder_.keep();
  }

  /// Files that are there now and were not before; others on this machine may come and go.
  Mistakes left_behind() const {
    Mistakes found;
    for (int look = 0; look < 20; ++look) {
      found.clear();
      for (const auto& entry : fs::recursive_directory_iterator(temporary()))
        found.push_back("left behind: " + entry.path().string());
      std::ranges::set_difference(files_in_shared_places(), before_, std::back_inserter(found));
      if (found.empty()) break;
      std::this_thread::sleep_for(milliseconds(250));
    }
    if (waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD)
      found.emplace_back("a process is left behind");
    return found;
  }

 private:
  std::set<std::string> before_ = files_in_shared_places();
  TemporaryFolder folder_;
};

void append(Mistakes& all, const Mistakes& more) {
  all.insert(all.end(), more.begin(), more.end());
}

Baseline first_look(Cluster& cluster) {
  Baseline baseline;
  for (std::size_t member = 0; member < members; ++member)
    baseline.members_joined[member] = cluster.footprint_of(member);
  baseline.switch_joined = cluster.footprint_of_switch();
  return baseline;
}

void look_when_warm(Cluster& cluster, Baseline& baseline) {
  for (std::size_t member = 0; member < veterans; ++member)
    baseline.veterans_warm_kib[member] = cluster.footprint_of(member).resident_kib;
  baseline.switch_warm_kib = cluster.footprint_of_switch().resident_kib;
}

/// Carries out the schedule.
void soak(Cluster& cluster, const Options& options, Baseline& baseline) {
  const auto begin = std::chrono::steady_clock::now();
  const auto passed = [&] { return std::chrono::steady_clock::now() - begin; };
  const milliseconds warm = std::min<milliseconds>(seconds(30), options.duration / 2);
  bool looked = false;
  for (const Action& action : make_schedule(options.seed, options.duration)) {
    if (!looked && action.at >= warm) look_when_warm(cluster, baseline);
    looked = action.at >= warm;
    if (passed() < action.at)
      cluster.listen_until([&] { return passed() >= action.at; }, options.duration);
    cluster.carry_out(action);
  }
}

Mistakes soak_and_judge(const Options& options, Log& log) {
  Cluster cluster(options.program, options.seed, log);
  if (!cluster.join_all()) return {"the members did not find each other at the start"};
  Baseline baseline = first_look(cluster);
  cluster.set_faults(0.05, 0.02, 0.05);
  soak(cluster, options, baseline);
  cluster.set_faults(0, 0, 0);
  Mistakes found = judge_directory(cluster);
  append(found, judge_messages(cluster));
  append(found, judge_footprints(cluster, baseline));
  append(found, judge_switch(cluster));
  append(found, cluster.mistakes());
  fmt::print("{} messages came", cluster.streams().received());
  for (const auto& [reason, count] : cluster.removals())
    fmt::print(", {} removals of members that {}", count, reason);
  fmt::print("; {} killed while joining; {} times somebody got no core\n", cluster.killed_joining(),
             cluster.starvations());
  return found;
}

TEST(Soak, EndsEqualEverywhereAndLeaksNothing) {
  constexpr std::size_t shown_max = 40;
  keep_to_two_cores();
  const Options options;
  Workplace workplace;
  Log log(workplace.log());
  Mistakes found;
  try {
    found = soak_and_judge(options, log);
  } catch (const std::exception& error) {
    found.emplace_back(error.what());
  }
  append(found, workplace.left_behind());
  if (found.empty()) return;
  log.flush();
  workplace.keep_log();
  for (std::size_t i = 0; i < std::min(found.size(), shown_max); ++i) ADD_FAILURE() << found[i];
  ADD_FAILURE() << found.size() << " mistakes; all that was told and heard: " << workplace.log()
                << "\nagain: " << options.again();
}

}  // namespace
}  // namespace muster::soak
