// Lengths of time as people write them: "100ms", "5us", "1.5s".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/types.h"

namespace muster {

/// A number and one of ns, us, ms, s, min; nullopt for anything else, or for more than 580 years.
std::optional<DurationNs> parse_duration(std::string_view text);
/// In the largest unit that leaves no fraction.
std::string duration_text(DurationNs duration);

}  // namespace muster
