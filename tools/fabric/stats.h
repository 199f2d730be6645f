// The switch's counters and faults as JSON, for `muster fabric stats` and for the demo.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "tools/fabric/forwarder.h"

namespace muster::fabric {

/// {"buffers_in_use": frames that the switch holds, "ports": [{"port", "in", "out", "dropped",
/// "faults", "reaches"}…], "drop_next": […]}. "in" is what the member sent, "out" what it was
/// given; both have "frames", "bytes", "unicast" and "multicast", the latter two by type of packet.
/// Counts of zero by type or cause are left out.
nlohmann::ordered_json stats(const Forwarder& forwarder, std::size_t buffers_in_use);

}  // namespace muster::fabric
