// How a node ends: a member says its leave several times, over some time (docs/protocol.md §5.6),
// and a port that is closed at once may take the first of them with it.
#pragma once

#include <chrono>
#include <thread>

#include "node/cycle_clock.h"
#include "node/engine.h"

namespace muster {

/// Ends when the member has said all that it has to and the port has taken it, at the latest after
/// this long.
inline constexpr DurationNs farewell_ns = 100 * ms;

/// `flush()` pushes out what the engine has said, and returns how much of it waits for the port.
template <class Flush>
void say_farewell(Engine& engine, CycleClock& clock, Flush&& flush) {
  TimeNs now = clock.now();
  const TimeNs ends = now + farewell_ns;
  engine.execute(now, Leave{});
  for (;; now = clock.now()) {
    engine.finish(now);
    const std::size_t waiting = flush();
    if ((waiting == 0 && engine.next_deadline() == never_ns) || now >= ends) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace muster
