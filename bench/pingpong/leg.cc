#include "bench/pingpong/leg.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include "bench/pingpong/child.h"

namespace muster::bench {

namespace {

// Starting, joining and leaving, over and above the round trips themselves.
constexpr auto overhead_max = std::chrono::seconds(20);
constexpr auto end_max = std::chrono::seconds(5);

constexpr const char* ready_line = "ready";

std::atomic<bool> stopped{false};  // by SIGINT or SIGTERM
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) { stopped.store(true, std::memory_order_relaxed); }

std::uint16_t fresh_port() {
  static std::uint16_t next = 0;
  return static_cast<std::uint16_t>(20000 + (getpid() * 64 + next++) % 12000);
}

const WayKind& way_named(std::string_view name) {
  const auto all = ways();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const WayKind& kind) { return kind.name == name; });
  if (found == all.end()) throw std::runtime_error("no way is called " + std::string(name));
  return *found;
}

}  // namespace

void end_legs_on_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

RoundTrips run_leg(const WayKind& kind, const PingLimits& limits, Cores cores) {
  const TemporaryFolder folder;
  const std::string port = std::to_string(fresh_port());
  const auto arguments = [&](const std::string& role, int core) {
    return std::vector<std::string>{side_option,
                                    std::string(kind.name),
                                    role,
                                    folder.path(),
                                    port,
                                    std::to_string(core),
                                    std::to_string(limits.round_trips),
                                    std::to_string(limits.seconds_max)};
  };
  const std::string pair = "the pair of processes over " + std::string(kind.name);
  const auto seconds = std::chrono::duration<double>(limits.seconds_max * 2);
  const auto deadline = Child::Clock::now() + overhead_max +
                        std::chrono::duration_cast<Child::Clock::duration>(seconds);
  Child echo(arguments("echo", cores.second));
  const bool ready = echo.read_line(deadline) == ready_line;
  if (stopped.load(std::memory_order_relaxed)) throw std::runtime_error("interrupted");
  if (!ready) throw std::runtime_error(pair + " did not start: its echo could not");
  Child ping(arguments("ping", cores.first));
  std::istringstream figures(ping.read_line(deadline));
  RoundTrips result;
  figures >> result.p50_ns >> result.p99_ns >> result.p999_ns >> result.samples >> result.lost;
  if (stopped.load(std::memory_order_relaxed)) throw std::runtime_error("interrupted");
  if (!figures || ping.wait(Child::Clock::now() + end_max) != 0) {
    throw std::runtime_error(pair + " did not finish: see the sentence above, if there is one");
  }
  echo.stop();
  if (echo.wait(Child::Clock::now() + end_max) != 0) {
    throw std::runtime_error(pair + " finished, but its echo did not end when asked");
  }
  if (result.samples == 0 || result.lost * 100 > result.samples) {
    throw std::runtime_error(pair + " lost " + std::to_string(result.lost) + " of " +
                             std::to_string(result.samples) +
                             " round trips: the machine is too busy to measure");
  }
  return result;
}

int run_side(std::span<char*> arguments) {
  try {
    if (arguments.size() != 7) throw std::runtime_error("--side is not for users");
    const WayKind& kind = way_named(arguments[0]);
    const Place place{.role = std::string_view(arguments[1]) == "echo" ? Role::echo : Role::ping,
                      .directory = arguments[2],
                      .port = static_cast<std::uint16_t>(std::stoul(arguments[3])),
                      .core = std::stoi(arguments[4])};
    const PingLimits limits{.round_trips = std::stoul(arguments[5]),
                            .seconds_max = std::stod(arguments[6])};
    std::signal(SIGTERM, on_signal);
    pin_this_thread(place.core);
    const std::unique_ptr<Way> way = kind.open(place);
    if (place.role == Role::echo) {
      std::puts(ready_line);
      std::fflush(stdout);
      run_echo(*way, stopped, kind.shares_core);
      return 0;
    }
    const RoundTrips result = run_ping(*way, limits, kind.shares_core);
    std::printf("%f %f %f %zu %zu\n", result.p50_ns, result.p99_ns, result.p999_ns, result.samples,
                result.lost);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_pingpong (%s, %s): %s\n", arguments[0], arguments[1], error.what());
    return 1;
  }
}

}  // namespace muster::bench
