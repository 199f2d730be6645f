// What the process does that sends and asks.
#pragma once

#include <functional>

#include "bench/messaging/endpoint.h"
#include "bench/messaging/pace.h"
#include "bench/messaging/task.h"

namespace muster::bench {

/// A ping that is not back after that long is lost, and counts as that long.
inline constexpr DurationNs lost_after_ns = 20'000'000;
/// A message of an open loop that has not come that long after the last was due counts as that
/// long, too.
inline constexpr DurationNs late_max_ns = 200'000'000;

/// A flood goes on until `told_to_stop()`, which may make system calls and is asked after the
/// measurement only.
Outcome run_near(MessageEndpoint& endpoint, const Task& task, const Pace& pace,
                 const std::function<bool()>& told_to_stop);

}  // namespace muster::bench
