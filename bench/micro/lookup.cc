// Looking up a name, by how many there are; and what it costs to have them. Names are asked for in
// a random order, so that with a million of them each lookup meets memory that no cache holds.
#include <algorithm>
#include <cstddef>
#include <fstream>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "bench/support/processor_time.h"
#include "cluster/directory/index.h"
#include "node/huge_pages.h"

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
  ShuffledPaths(std::size_t first, std::size_t count) {
    std::vector<std::size_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), first);
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

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// A naming tree, and the order in which it is asked. The order goes on from run to run: from its
/// start each time, the first names would soon lie in the caches.
struct Names {
  explicit Names(std::size_t count) : paths(0, count), absent(count, count), size(count) {
    const std::size_t before = resident_bytes();
    for (std::size_t number = 0; number < count; ++number) {
      const double begin = thread_seconds();
      bind(path_of(number), number);
      slowest_bind = std::max(slowest_bind, thread_seconds() - begin);
    }
    bytes = resident_bytes() - before;
  }
  void bind(std::string_view path, std::size_t number) {
    constexpr std::string_view value = "10.0.0.1:9000";
    index.bind({.owner = owner(number),
                .path = path,
                .value = std::as_bytes(std::span(value)),
                .version = number + 1});
  }
  static MemberKey owner(std::size_t number) { return {MemberId{number % 8}, 1}; }
  std::string_view next_path() { return paths[step()]; }
  std::string_view next_absent() { return absent[step()]; }
  std::size_t step() {
    if (++next == size) next = 0;
    return next;
  }

  HugePages memory;
  Index index{memory};
  ShuffledPaths paths;
  ShuffledPaths absent;
  std::size_t size;
  std::size_t bytes = 0;
  double slowest_bind = 0;  ///< in seconds, while the table grew
  std::size_t next = 0;
};

/// Google Benchmark calls a benchmark several times: the names stay.
template <std::size_t count>
Names& names() {
  static Names all(count);
  return all;
}

template <std::size_t count>
void lookup(benchmark::State& state) {
  Names& all = names<count>();
  benchmark::IterationCount found = 0;
  for (auto _ : state)
    found += static_cast<benchmark::IterationCount>(all.index.lookup(all.next_path()).size());
  if (found != state.iterations()) state.SkipWithError("a name was not found");
}
BENCHMARK(lookup<1'000>)->Name("F6.lookup.1k");
BENCHMARK(lookup<100'000>)->Name("F6.lookup.100k");
BENCHMARK(lookup<1'000'000>)->Name("F6.lookup.1m");

/// The owner stands in memory of its own, which the lookup does not touch.
template <std::size_t count>
void lookup_and_read(benchmark::State& state) {
  Names& all = names<count>();
  Incarnation incarnations = 0;
  for (auto _ : state) incarnations += all.index.lookup(all.next_path()).front().owner.incarnation;
  if (incarnations != static_cast<Incarnation>(state.iterations()))
    state.SkipWithError("a name was not found");
}
BENCHMARK(lookup_and_read<1'000'000>)->Name("F6.lookup_and_read.1m");

template <std::size_t count>
void miss(benchmark::State& state) {
  Names& all = names<count>();
  std::size_t found = 0;
  for (auto _ : state) found += all.index.lookup(all.next_absent()).size();
  if (found != 0) state.SkipWithError("a name was found that is not there");
}
BENCHMARK(miss<1'000'000>)->Name("F6.lookup_of_nothing.1m");

/// A binding is withdrawn and bound again.
template <std::size_t count>
void withdraw_and_bind(benchmark::State& state) {
  Names& all = names<count>();
  for (auto _ : state) {
    const std::string_view path = all.next_path();
    const MemberKey owner = all.index.lookup(path).front().owner;
    all.index.withdraw(owner, path);
    all.bind(path, static_cast<std::size_t>(owner.id));
  }
  if (all.index.names() != count) state.SkipWithError("a name was lost");
}
BENCHMARK(withdraw_and_bind<1'000'000>)->Name("F6.withdraw_and_bind.1m");

/// For each binding, with a path of 36 bytes and a value of 13.
template <std::size_t count>
void memory(benchmark::State& state) {
  const Names& all = names<count>();
  for (auto _ : state) benchmark::DoNotOptimize(all.bytes);
  state.counters["bytes"] = static_cast<double>(all.bytes) / static_cast<double>(count);
}
BENCHMARK(memory<1'000'000>)->Name("F6.memory.1m");

/// The application stands still for so long at most while the table grows to its size.
template <std::size_t count>
void slowest_bind(benchmark::State& state) {
  const Names& all = names<count>();
  for (auto _ : state) benchmark::DoNotOptimize(all.slowest_bind);
  state.counters["us"] = all.slowest_bind * 1e6;
}
BENCHMARK(slowest_bind<1'000'000>)->Name("F6.slowest_bind.1m");

}  // namespace
}  // namespace muster::bench
