// Our rings beside Boost's and DPDK's: the hop between two threads over the bare cache line (F4),
// and the throughput in bursts.
#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "bench/ring/contestant.h"
#include "bench/ring/one_by_one.h"
#include "bench/support/options.h"
#include "bench/support/report.h"
#include "ring/boost_ring.h"
#include "ring/mpsc_ring.h"
#include "ring/spsc_ring.h"
#include "tools/measure/cores.h"
#include "tools/measure/median.h"

#if MUSTER_BENCH_DPDK
#include "bench/ring/dpdk_ring.h"
#endif

namespace muster::bench {

using measure::median;
using measure::two_cores;

namespace {

using std::chrono::seconds;

constexpr std::array<std::size_t, 3> burst_sizes{1, 8, burst_max};

struct Effort {
  int rounds;
  int batches;                  ///< of bounces, each round
  std::size_t elements;         ///< moved for a throughput, each round
  std::chrono::seconds budget;  ///< no round begins after it: on a crowded machine pinned threads
                                ///< wait for each other through whole time slices
};

std::vector<Contestant> contestants() {
  return {
      contestant<ring::SpscRing<Word>>("spsc", "F4.spsc_hop"),
      contestant<ring::MpscRing<Word>>("mpsc", "F4.mpsc_hop"),
      contestant<OneByOne<ring::BoostRing<Word>>>("boost_spsc_single"),
      contestant<ring::BoostRing<Word>>("boost_spsc_bulk"),
      contestant<OneByOne<BoostQueue>>("boost_queue"),
#if MUSTER_BENCH_DPDK
      contestant<DpdkSpscRing>("rte_ring_spsc"),
      contestant<DpdkMpscRing>("rte_ring_mpsc"),
#endif
  };
}

/// What one contestant did, by rounds.
struct Samples {
  std::vector<double> hop_ns;
  std::vector<double> line_ns;
  std::vector<double> ratio;
  std::array<std::vector<double>, burst_sizes.size()> millions;
};

void run_round(const Contestant& contestant, Cores cores, const Effort& effort, Samples& samples) {
  const BounceTimes times = contestant.hop(cores, effort.batches);
  samples.hop_ns.push_back(times.wire_ns);
  samples.line_ns.push_back(times.line_ns);
  samples.ratio.push_back(times.wire_ns / times.line_ns);
  for (std::size_t i = 0; i < burst_sizes.size(); ++i) {
    const std::size_t burst = burst_sizes[i];
    samples.millions[i].push_back(contestant.throughput(cores, burst, effort.elements / burst));
  }
}

void run(const Options& options) {
  const Effort effort =
      options.quick ? Effort{3, 30, 30'000, seconds(2)} : Effort{30, 100, 500'000, seconds(30)};
  const Cores cores = two_cores();
  const std::vector<Contestant> all = contestants();
  std::vector<Samples> samples(all.size());
  const auto end = std::chrono::steady_clock::now() + effort.budget;
  for (int round = 0; round < effort.rounds; ++round) {
    if (round > 0 && std::chrono::steady_clock::now() > end) break;
    for (std::size_t i = 0; i < all.size(); ++i) run_round(all[i], cores, effort, samples[i]);
  }

  Report report("rings");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double line_ns = median(samples[i].line_ns);
    report.add({.id = all[i].hop_id,
                .value = median(samples[i].hop_ns),
                .unit = "ns",
                .floor = line_ns,
                .ratio = median(samples[i].ratio),
                .line_rtt_ns = line_ns});
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t b = 0; b < burst_sizes.size(); ++b) {
      report.add({.id = "ring." + all[i].name + ".burst_" + std::to_string(burst_sizes[b]),
                  .value = median(samples[i].millions[b]),
                  .unit = "M/s",
                  .floor = {},
                  .ratio = {},
                  .line_rtt_ns = median(samples[i].line_ns)});
    }
  }
  report.publish(options);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::run_suite(argc, argv,
                                  "Rings of pointers between two threads, beside the bare line.",
                                  muster::bench::run);
}
