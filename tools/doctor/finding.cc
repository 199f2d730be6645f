#include "tools/doctor/finding.h"

#include <utility>

#include <fmt/format.h>

#include "cluster/config.h"

namespace muster::doctor {

std::string about(DurationNs duration) {
  constexpr DurationNs beyond_three_digits = 1000;
  DurationNs unit = 1;
  while (duration / unit >= beyond_three_digits) unit *= 10;
  const DurationNs rounded = (duration + unit / 2) / unit * unit;
  for (const auto& [scale, name] :
       {std::pair(second, "s"), std::pair(ms, "ms"), std::pair(us, "us")})
    if (rounded >= scale)
      return fmt::format("{:g} {}", static_cast<double>(rounded) / static_cast<double>(scale),
                         name);
  return fmt::format("{} ns", rounded);
}

}  // namespace muster::doctor
