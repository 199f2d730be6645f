// The figures of a suspicion.
#pragma once

#include "cluster/types.h"

namespace muster {

/// Times that a suspect is probed before it is declared dead (docs/protocol.md §5.4).
inline constexpr DurationNs probes_while_suspected = 3;

}  // namespace muster
