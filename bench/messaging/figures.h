// What one measurement came to.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "bench/messaging/task.h"
#include "bench/support/histogram.h"
#include "tools/measure/machine.h"

namespace muster::bench {

struct Percentile {
  std::string_view name;
  double share;
};
inline constexpr std::array<Percentile, 5> percentiles{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}};

/// By name: the percentiles, in ns; "messages" and "bytes", a second; "sender" and "receiver", ns
/// of processor time for each message; "offered", messages a second; "lost", a share; "single" and
/// "burst", ns for each message in one thread, and "idle", ns for each cycle; "least", "most" and
/// "others", see Crowd. Those that a measurement cannot give are not there.
using NamedFigures = std::map<std::string, double, std::less<>>;

/// The unit of the figure of that name.
std::string unit_of(std::string_view figure);

NamedFigures figures_of(const Task& task, const Outcome& near, const Outcome& far);

/// One way's part in a round, as far as one task goes.
struct Leg {
  NamedFigures figures;
  Histogram times;     ///< of a ping
  double line_ns = 0;  ///< of the bare line, just before and just after: the mean
  measure::MachineState machine;
};

}  // namespace muster::bench
