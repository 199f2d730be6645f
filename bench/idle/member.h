// The two members that are measured, each in a process of its own: one pings, the other answers.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/types.h"
#include "node/config.h"

namespace muster::bench {

/// What is between the two.
enum class Line : std::uint8_t {
  memif,
  virtio,   ///< virtio-user, which has receive interrupts, and the vhost at its other end
  sockets,  ///< the kernel's, on the loopback
};

struct Case {
  Line line = Line::memif;
  Mode mode = Mode::pipelined;
  Idle idle = Idle::backoff;
};

inline constexpr DurationNs ping_interval_ns = 10 * ms;

struct Lengths {
  DurationNs busy_ns = 0;   ///< one ping after the other; and as long before, to warm up
  DurationNs paced_ns = 0;  ///< a ping each ping_interval_ns
  DurationNs rest_ns = 0;   ///< no ping at all
};

struct RoundTrips {
  double p50_ns = 0;  ///< 0: there were too few to tell
  double p99_ns = 0;
};

struct Findings {
  RoundTrips busy;
  RoundTrips paced;
  double rest_share = 0;  ///< the processor time of all threads of a member at rest, of the time
};

/// `folder` is where the two meet. Both throw ConfigError and StartError.
Findings ping_and_rest(const Case& what, const Lengths& lengths, const std::string& folder);
[[noreturn]] void answer(const Case& what, const std::string& folder);

}  // namespace muster::bench
