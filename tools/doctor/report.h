// The doctor's findings, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "tools/doctor/finding.h"

namespace muster::doctor {

/// A paragraph for each that has a remedy, a line for each that is fine.
std::string report_text(std::span<const Finding> findings);

/// {"findings": [{"topic", "verdict": "cuts_off" | "costs" | "fine", "found", "cost_ns",
/// "measured", "remedy"}]}, in the same order.
nlohmann::ordered_json report_json(std::span<const Finding> findings);

}  // namespace muster::doctor
