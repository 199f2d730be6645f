// What a machine does, measured in a few seconds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cluster/config.h"
#include "cluster/types.h"
#include "tools/measure/cores.h"

namespace muster::doctor {

/// How a core was taken away from a thread that wanted all of it.
struct Jitter {
  DurationNs watched_ns = 0;
  DurationNs longest_ns = 0;     ///< of the stretches
  DurationNs away_ns = 0;        ///< all stretches together
  std::uint64_t stretches = 0;   ///< of more than Jitter::stretch_min_ns
  DurationNs since_last_ns = 0;  ///< from the last one to the end
  /// What a cycle of a node takes many times over, and an interrupt exceeds.
  static constexpr DurationNs stretch_min_ns = 5'000;
};

struct Loopback {
  DurationNs round_trip_ns = 0;   ///< of 64 bytes over the kernel's sockets, median
  double packets_per_second = 0;  ///< one way, one call for each
};

struct Measurements {
  Jitter jitter;         ///< of the first core
  double stolen = 0;     ///< share of the processors' time that the host gave to others
  double clock_ns = 0;   ///< one look at the system's clock
  double memory_ns = 0;  ///< one access to memory at random, in ordinary pages
  std::optional<double> huge_memory_ns{};  ///< the same in huge pages, where there are some
  std::optional<double> line_ns{};  ///< a cache line from core to core and back; none: one core
  std::optional<double>
      sibling_slowdown{};              ///< by a busy thread on the other core, where they share
  std::optional<Loopback> loopback{};  ///< none: no loopback interface is up
};

/// Where, and for how long, to measure.
struct Plan {
  measure::Cores cores;
  bool alone = false;     ///< there is one core, and it stands in both places
  bool siblings = false;  ///< the two share execution units
  DurationNs jitter_ns = second;
};

/// Pins the calling thread to plan.cores.first. `progress` hears what is measured next. Throws
/// std::system_error where a core may not be used.
Measurements take_measurements(const Plan& plan,
                               const std::function<void(const std::string&)>& progress);

// The parts, for tests. Each takes a fraction of a second, unless it says otherwise.

/// Takes `length_ns`.
Jitter measure_jitter(DurationNs length_ns);
double measure_clock_ns();
/// By a walk through 64 MiB, each step where the last one points to. Nothing where the pages asked
/// for are not to be had.
std::optional<double> measure_memory_ns(bool huge_pages);
/// How many times as long work takes at the first core while the second works as well.
double measure_slowdown(measure::Cores cores);
std::optional<Loopback> measure_loopback(measure::Cores cores);

}  // namespace muster::doctor
