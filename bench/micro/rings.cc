// A push and a pop of one element, in bursts, with the ring warm in one core's cache.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include "ring/boost_ring.h"
#include "ring/mpsc_ring.h"
#include "ring/pointer_ring.h"
#include "ring/spsc_ring.h"

namespace muster::bench {
namespace {

using Word = std::uintptr_t;

template <ring::PointerRing Ring>
void push_pop(benchmark::State& state) {
  Ring ring(1024);
  const std::vector<Word> in(static_cast<std::size_t>(state.range(0)), Word{8});
  std::vector<Word> out(in.size());
  while (state.KeepRunningBatch(state.range(0))) {
    const std::size_t pushed = ring.push(std::span<const Word>(in));
    const std::size_t popped = ring.pop(std::span<Word>(out));
    if (pushed != in.size() || popped != in.size()) state.SkipWithError("lost elements");
    benchmark::DoNotOptimize(out.data());
  }
}

// The argument is the burst; the time is that of one element.
BENCHMARK_TEMPLATE(push_pop, ring::SpscRing<Word>)
    ->Name("ring.spsc.push_pop")
    ->Arg(1)
    ->Arg(8)
    ->Arg(32);
BENCHMARK_TEMPLATE(push_pop, ring::MpscRing<Word>)
    ->Name("ring.mpsc.push_pop")
    ->Arg(1)
    ->Arg(8)
    ->Arg(32);
BENCHMARK_TEMPLATE(push_pop, ring::BoostRing<Word>)
    ->Name("ring.boost_spsc.push_pop")
    ->Arg(1)
    ->Arg(8)
    ->Arg(32);

}  // namespace
}  // namespace muster::bench
