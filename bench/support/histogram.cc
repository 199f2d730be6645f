#include "bench/support/histogram.h"

#include <algorithm>
#include <cmath>

namespace muster::bench {

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < bucket_count; ++i) counts_[i] += other.counts_[i];
  samples_ += other.samples_;
}

std::uint64_t Histogram::middle_ns(std::size_t bucket) {
  if (bucket < 2 * parts) return bucket;
  const std::size_t shift = bucket / parts - 1;
  return ((bucket - shift * parts) << shift) + (std::uint64_t{1} << shift) / 2;
}

std::optional<double> Histogram::percentile_ns(double share) const {
  const auto all = static_cast<double>(samples_);
  if (all * (1 - share) < 1 - 1e-9) return std::nullopt;
  // The tiny part: 0.9 of 10 samples is the ninth, though 0.9 * 10 may come out a little above 9.
  const auto rank = static_cast<std::uint64_t>(std::max(1.0, std::ceil(share * all - 1e-6)));
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while ((seen += counts_[bucket]) < rank) ++bucket;
  return static_cast<double>(middle_ns(bucket));
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Histogram::buckets() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    if (counts_[i] != 0) found.emplace_back(middle_ns(i), counts_[i]);
  }
  return found;
}

}  // namespace muster::bench
