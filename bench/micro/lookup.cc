// Looking up a name, by how many there are. Names are asked for in a random order, so that with
// a million of them each lookup meets memory that no cache holds.
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "cluster/directory/index.h"

namespace muster::bench {
namespace {

std::string path_of(std::size_t number) {
  return "/cluster/service-" + std::to_string(number % 1000) + "/instance-" +
         std::to_string(number);
}

/// Paths in a random order, one behind the other in memory: reading the question costs next to
/// nothing, whatever the answer costs.
class ShuffledPaths {
 public:
  explicit ShuffledPaths(std::size_t count) {
    std::vector<std::size_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
    std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(1));
    ends_.push_back(0);
    for (const std::size_t number : numbers) {
      text_ += path_of(number);
      ends_.push_back(text_.size());
    }
  }
  std::string_view operator[](std::size_t at) const {
    return std::string_view(text_).substr(ends_[at], ends_[at + 1] - ends_[at]);
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
};

/// A naming tree, and the order in which it is asked. The order goes on from run to run: from its
/// start each time, the first names would soon lie in the caches.
struct Names {
  explicit Names(std::size_t count) : paths(count) {
    constexpr std::string_view value = "10.0.0.1:9000";
    for (std::size_t number = 0; number < count; ++number) {
      index.bind({.owner = {.id = MemberId{number % 8}, .incarnation = 1},
                  .path = path_of(number),
                  .value = std::as_bytes(std::span(value)),
                  .version = number + 1});
    }
  }

  Index index;
  ShuffledPaths paths;
  std::size_t next = 0;
};

template <std::size_t count>
void lookup(benchmark::State& state) {
  static Names names(count);  // Google Benchmark calls this several times
  benchmark::IterationCount found = 0;
  for (auto _ : state) {
    found +=
        static_cast<benchmark::IterationCount>(names.index.lookup(names.paths[names.next]).size());
    if (++names.next == count) names.next = 0;
  }
  if (found != state.iterations()) state.SkipWithError("a name was not found");
}
BENCHMARK(lookup<1'000>)->Name("F6.lookup.1k");
BENCHMARK(lookup<100'000>)->Name("F6.lookup.100k");
BENCHMARK(lookup<1'000'000>)->Name("F6.lookup.1m");

}  // namespace
}  // namespace muster::bench
