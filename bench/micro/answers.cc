// What it costs to write one page of an answer: whether to keep answers that were written.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "cluster/directory/answer.h"
#include "cluster/outbox.h"

namespace muster::bench {
namespace {

constexpr MemberKey owner{MemberId{1}, 1};

/// From the middle of a tree of 100,000 bindings, each value of `value_bytes`.
void write_page(benchmark::State& state) {
  Tree tree;
  const std::string value(static_cast<std::size_t>(state.range(0)), 'v');
  constexpr Version bindings = 100'000;
  for (Version version = 1; version <= bindings; ++version)
    tree.bind(version, "/shop/service-" + std::to_string(version),
              {{}, std::as_bytes(std::span(value))});
  tree.advance(bindings);

  std::array<std::byte, 1472> bytes{};
  Packet packet{.data = bytes.data(), .capacity = static_cast<std::uint32_t>(bytes.size())};
  Version cursor = bindings / 2;
  for (auto _ : state) {
    packet.size = sizeof(wire::Header) + sizeof(wire::SyncAnswer);
    Place place{.since = 0, .cursor = cursor};
    benchmark::DoNotOptimize(append_section(packet, owner, tree, place));
    benchmark::ClobberMemory();
    cursor = place.cursor + 1 < bindings - 1000 ? place.cursor + 1 : 1;
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(packet.size));
}
BENCHMARK(write_page)->Name("answers.write_page")->Arg(16)->Arg(256)->Arg(1024);

/// What a kept answer would cost: the copy of it into a packet.
void copy_page(benchmark::State& state) {
  const std::vector<std::byte> kept(1400);
  std::array<std::byte, 1472> bytes{};
  for (auto _ : state) {
    std::ranges::copy(kept, bytes.data());
    benchmark::DoNotOptimize(bytes.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(copy_page)->Name("answers.copy_page");

}  // namespace
}  // namespace muster::bench
