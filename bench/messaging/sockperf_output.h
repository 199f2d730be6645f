// What sockperf prints.
#pragma once

#include <string>
#include <vector>

#include "bench/messaging/figures.h"

namespace muster::bench {

/// Of `sockperf ping-pong --full-rtt`: its percentiles are in microseconds, and those that fewer
/// than one observation lies beyond are left out. Throws std::runtime_error where there are none.
NamedFigures read_sockperf(const std::vector<std::string>& lines);

}  // namespace muster::bench
