// F6: a statedump of a million bindings, as fast as either side can on one thread: the pages of
// synchronization answers are written, and taken into an empty copy. Beside it what copying the
// same packets costs. No port and no application; at most DirectoryConfig::answer_packets_per_ms
// packets leave a member, by default 1024 of up to 1472 bytes in a millisecond: 12 Gbit/s.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support/processor_time.h"
#include "cluster/directory/answer.h"
#include "cluster/directory/replica.h"
#include "cluster/outbox.h"
#include "cluster/wire/parse.h"
#include "sim/silent_events.h"

namespace muster::bench {
namespace {

constexpr MemberKey owner{MemberId{1}, 1};
constexpr std::uint64_t cluster = 7;
constexpr std::size_t bindings = 1'000'000;
/// As many buffers as a node's pool has by default: a port's packets lie in no near cache either.
constexpr std::size_t pool_packets = 4096;

/// Packets in plain memory, one after the other.
class Pool final : public PacketPort {
 public:
  Packet* allocate() override {
    std::array<std::byte, 1472>& bytes = bytes_[next_++ % pool_packets];
    packet_ = {.data = bytes.data(), .capacity = static_cast<std::uint32_t>(bytes.size())};
    return &packet_;
  }
  void retain(Packet&) override {}
  void release(Packet&) override {}
  void transmit(Packet&) override {}

 private:
  std::vector<std::array<std::byte, 1472>> bytes_{pool_packets};
  std::size_t next_ = 0;
  Packet packet_;
};

/// The owner's tree, and the dump of it as it goes over the wire.
struct Dump {
  Dump() {
    constexpr std::string_view value = "10.0.0.1:9000";
    for (std::size_t number = 0; number < bindings; ++number) {
      const std::string path = "/cluster/service-" + std::to_string(number % 1000) + "/instance-" +
                               std::to_string(number);
      const double begin = thread_seconds();
      tree.bind(number + 1, path, {{}, std::as_bytes(std::span(value))});
      slowest_bind = std::max(slowest_bind, thread_seconds() - begin);
    }
    tree.advance(bindings);
    write([this](const Packet& packet) {
      bytes.insert(bytes.end(), packet.data, packet.data + packet.size);
      ends.push_back(bytes.size());
    });
  }
  /// Gives each packet of the whole answer.
  template <class Give>
  void write(Give give) {
    Place place;
    for (Written written = Written::partly; written != Written::complete;) {
      Packet& packet = *outbox.open(wire::Type::sync_answer);
      append(packet, wire::SyncAnswer{.request = 1, .page = 0, .flags = 0, .sections = 1});
      written = append_section(packet, owner, tree, place);
      give(packet);
    }
  }
  std::span<const std::byte> page(std::size_t number) const {
    const std::size_t begin = number == 0 ? 0 : ends[number - 1];
    return std::span(bytes).subspan(begin, ends[number] - begin);
  }
  /// Gigabytes that a second is good for.
  double rate(double seconds) const { return static_cast<double>(bytes.size()) / seconds / 1e9; }
  double rate_of_copying() {
    const double begin = thread_seconds();
    for (std::size_t number = 0; number < ends.size(); ++number) {
      Packet& packet = *pool.allocate();
      std::memcpy(packet.data, page(number).data(), page(number).size());
      benchmark::DoNotOptimize(packet.data);
      benchmark::ClobberMemory();
    }
    return rate(thread_seconds() - begin);
  }

  Pool pool;
  Outbox outbox{pool, {.cluster = cluster, .self = owner}};
  Tree tree;
  double slowest_bind = 0;  ///< in seconds, while the tree grew
  std::vector<std::byte> bytes;
  std::vector<std::size_t> ends;
};

Dump& dump() {
  static Dump all;
  return all;
}

void report(benchmark::State& state, double rate) {
  state.counters["GB/s"] = rate;
  state.counters["floor"] = dump().rate_of_copying();
}

void write(benchmark::State& state) {
  Dump& all = dump();
  double seconds = 0;
  for (auto _ : state) {
    const double begin = thread_seconds();
    all.write([](const Packet& packet) {
      benchmark::DoNotOptimize(packet.data);
      benchmark::ClobberMemory();
    });
    seconds += thread_seconds() - begin;
  }
  report(state, all.rate(seconds / static_cast<double>(state.iterations())));
}
BENCHMARK(write)->Name("F6.statedump_write.1m");

/// As a member does with what comes: parsed, and taken.
void take(benchmark::State& state) {
  Dump& all = dump();
  const DirectoryConfig config;
  sim::SilentEvents events;
  double seconds = 0;
  for (auto _ : state) {
    const auto copy = std::make_unique<Replica>(owner, config, events);
    copy->begin_fetch(true);
    const double begin = thread_seconds();
    Replica::Page last = Replica::Page::taken;
    for (std::size_t number = 0; number < all.ends.size(); ++number) {
      wire::Parsed parsed;
      if (wire::parse(all.page(number), cluster, parsed)) break;
      const auto& answer = std::get<wire::SyncAnswerView>(parsed.body);
      last = copy->take(*answer.sections.begin());
    }
    while (last == Replica::Page::sweeping) last = copy->sweep(config.bindings_per_step);
    seconds += thread_seconds() - begin;
    if (last != Replica::Page::settled || copy->tree().digest() != all.tree.digest())
      state.SkipWithError("the copy is not the owner's tree");
  }
  report(state, all.rate(seconds / static_cast<double>(state.iterations())));
}
BENCHMARK(take)->Name("F6.statedump_take.1m");

/// The engine stands still for so long at most while a tree grows to a million bindings.
void slowest_bind(benchmark::State& state) {
  const Dump& all = dump();
  for (auto _ : state) benchmark::DoNotOptimize(all.slowest_bind);
  state.counters["us"] = all.slowest_bind * 1e6;
}
BENCHMARK(slowest_bind)->Name("F6.slowest_bind_in_a_tree.1m");

}  // namespace
}  // namespace muster::bench
