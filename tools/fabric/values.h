// Values as people write them: "5%", "1.5ms".
#pragma once

#include <string>
#include <string_view>

#include "cluster/types.h"

namespace muster::fabric {

/// "0.05" or "5%". Throws UsageError, its sentence beginning with `name`.
double parse_probability(std::string_view name, const std::string& text);

/// "250ns", "10us", "1.5ms", "2s"; a bare number is nanoseconds. At most delay_ns_max. Throws
/// UsageError, its sentence beginning with `name`.
DurationNs parse_delay(std::string_view name, const std::string& text);

}  // namespace muster::fabric
