// What the control socket is asked: a JSON object in a line, answered by one in a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tools/fabric/forwarder.h"

namespace muster::fabric {

inline constexpr double probability_max = 1;
inline constexpr DurationNs delay_ns_max = 60 * second;

/// Carries out one request and gives its answer, without the line's end:
///   {"set": {"loss": 0.05, "duplicate": …, "reorder": …, "delay_ns": …, "reorder_delay_ns": …,
///            "port": 2, "direction": "in"}}       without port: every port; "out" is the default
///   {"partition": [[0, 1], [2, 3]]}   {"cut": {"from": 0, "to": 1}}   {"heal": true}
///   {"drop_next": {"type": "advertisement", "from": 0, "to": 2, "count": 1}}
///   {"stats": true}
/// The answer has "ok"; when that is false, "field" names what is wrong and "error" says how to
/// put it right, and nothing was changed. `buffers_in_use` is told with the stats.
std::string answer_request(std::string_view line, Forwarder& forwarder, std::size_t buffers_in_use);

}  // namespace muster::fabric
