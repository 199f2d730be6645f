// What each of the two processes of a pair does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "bench/pingpong/way.h"

namespace muster::bench {

/// Round trips of one pair, in nanoseconds.
struct RoundTrips {
  double p50_ns = 0;
  double p99_ns = 0;
  double p999_ns = 0;
  std::size_t samples = 0;
  std::size_t lost = 0;  ///< of those, not back within 20 ms: counted with as long
};

struct PingLimits {
  std::size_t round_trips = 0;
  double seconds_max = 0;  ///< ends earlier after that long
};

/// `yield`: give the core away whenever there is nothing to do, since others need it.
RoundTrips run_ping(Way& way, const PingLimits& limits, bool yield);
void run_echo(Way& way, const std::atomic<bool>& stop, bool yield);

}  // namespace muster::bench
