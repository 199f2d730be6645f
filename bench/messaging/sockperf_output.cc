#include "bench/messaging/sockperf_output.h"

#include <cmath>
#include <sstream>
#include <stdexcept>

namespace muster::bench {

NamedFigures read_sockperf(const std::vector<std::string>& lines) {
  NamedFigures figures;
  double observations = 0;
  bool told_any = false;
  for (const std::string& line : lines) {
    // "sockperf: ---> percentile 99.900 =   12.345"
    std::istringstream words(line);
    std::string source, what, name, equals;
    double share = 0, us = 0;
    words >> source >> what;
    // Colours surround it: "sockperf: Total 2000 observations; each percentile …".
    if (const auto at = line.find("Total "); at != std::string::npos) {
      std::istringstream(line.substr(at + 6)) >> observations;
    }
    if (what != "--->" || !(words >> name >> share >> equals >> us)) continue;
    told_any = true;
    for (const Percentile& percentile : percentiles) {
      const bool told = observations * (1 - percentile.share) >= 1;
      if (told && std::abs(share / 100 - percentile.share) < 1e-7) {
        figures[std::string(percentile.name)] = us * 1000;
      }
    }
  }
  if (!told_any) {
    throw std::runtime_error("sockperf printed no percentiles: " +
                             (lines.empty() ? "it printed nothing" : lines.back()));
  }
  return figures;
}

}  // namespace muster::bench
