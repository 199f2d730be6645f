// The counters of a switch for people to read.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace muster::fabric {

/// A line for each port, from the answer to a stats request.
std::string stats_table(const nlohmann::ordered_json& stats);

}  // namespace muster::fabric
