// What a figure did over several rounds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace muster::bench {

struct Quartiles {
  double low = 0;  ///< the first
  double median = 0;
  double high = 0;  ///< the third
};

/// Of at least one sample. Between two samples on a straight line, as type 7 of Hyndman and Fan
/// (Sample Quantiles in Statistical Packages, 1996), which numpy and R use.
inline Quartiles quartiles(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    const double rank = share * static_cast<double>(samples.size() - 1);
    const auto below = static_cast<std::size_t>(rank);
    const std::size_t above = std::min(below + 1, samples.size() - 1);
    const double part = rank - static_cast<double>(below);
    return samples[below] + part * (samples[above] - samples[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

}  // namespace muster::bench
