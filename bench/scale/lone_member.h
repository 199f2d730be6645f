// What the heartbeats of a cluster cost the processor of one of its members.
#pragma once

#include <cstddef>

#include "cluster/config.h"

namespace muster::bench {

/// Processor time of one member among `members` at rest: of the whole protocol, without a
/// transport, the others' heartbeats given to it one after the other, as fast as it takes them.
/// Microseconds for each second of the cluster's time.
double member_cpu_us_per_second(std::size_t members, const MembershipConfig& timers);

}  // namespace muster::bench
