// One leg: a fresh pair of processes that plays ping-pong over one way.
#pragma once

#include <span>

#include "bench/pingpong/side.h"
#include "bench/pingpong/way.h"
#include "bench/support/cores.h"

namespace muster::bench {

/// From now on SIGINT and SIGTERM make run_leg() throw, so that everything is cleared away.
void end_legs_on_signals();

/// Each process is pinned to one of `cores`. Throws std::runtime_error when the pair did not
/// finish in time, or failed. Leaves neither processes nor files behind.
RoundTrips run_leg(const WayKind& kind, const PingLimits& limits, Cores cores);

/// The first argument of a process of a pair.
inline constexpr const char* side_option = "--side";
/// The whole life of one process of a pair, from its command line; its exit status.
int run_side(std::span<char*> arguments);

}  // namespace muster::bench
