// Round trips of 64 bytes between two processes, one on each core: the bare port, our session
// over it, and kernel sockets, in turns. F1 and F3 are read here.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/pingpong/leg.h"
#include "bench/pingpong/way.h"
#include "bench/support/bounce.h"
#include "bench/support/cores.h"
#include "bench/support/median.h"
#include "bench/support/options.h"
#include "bench/support/report.h"

namespace muster::bench {
namespace {

/// What one way did in one round.
struct Leg {
  RoundTrips round_trips;
  double line_ns = 0;  ///< just before
};

/// legs[w] are those of way w, one for each round.
using Legs = std::vector<std::vector<Leg>>;

struct Percentile {
  const char* name;
  double RoundTrips::* ns;
};
constexpr Percentile percentiles[] = {
    {"p50", &RoundTrips::p50_ns}, {"p99", &RoundTrips::p99_ns}, {"p999", &RoundTrips::p999_ns}};

/// The median over rounds of what `of` makes of the legs of a round.
template <class Of>
double over_rounds(std::size_t rounds, Of of) {
  std::vector<double> values;
  values.reserve(rounds);
  for (std::size_t round = 0; round < rounds; ++round) values.push_back(of(round));
  return median(values);
}

/// One round: each way once. Nothing where the bare line changed meanwhile: the host has moved
/// the cores, and the first and the last way ran on different machines, so to speak.
std::optional<std::vector<Leg>> play_round(const PingLimits& limits, Cores cores) {
  constexpr double change_max = 1.3;
  std::vector<Leg> legs;
  double least_ns = line_rtt_ns(cores);
  double most_ns = least_ns;
  for (const WayKind& kind : ways()) {
    const double before_ns = line_rtt_ns(cores);
    legs.push_back({run_leg(kind, limits, cores), before_ns});
    const double after_ns = line_rtt_ns(cores);
    least_ns = std::min({least_ns, before_ns, after_ns});
    most_ns = std::max({most_ns, before_ns, after_ns});
  }
  if (most_ns > change_max * least_ns) return std::nullopt;
  return legs;
}

/// Plays up to twice as many rounds as are wanted, to have that many on a steady machine.
Legs play(std::size_t rounds, const PingLimits& limits, Cores cores) {
  Legs legs(ways().size());
  for (std::size_t tries = 1; legs[0].size() < rounds && tries <= 2 * rounds; ++tries) {
    const auto round = play_round(limits, cores);
    for (std::size_t w = 0; round && w < legs.size(); ++w) legs[w].push_back((*round)[w]);
    std::fprintf(stderr, "round %zu of %zu%s\n", legs[0].size(), rounds,
                 round ? "" : ": again, since the bare line changed under it");
  }
  if (legs[0].empty()) {
    throw std::runtime_error(
        "the bare line between the two cores changed in every round: run it when the machine, and "
        "the host under it, are quieter");
  }
  return legs;
}

void report_way(Report& report, const WayKind& kind, const std::vector<Leg>& legs,
                const std::vector<Leg>& bare) {
  const bool is_floor = &legs == &bare;
  const std::size_t rounds = legs.size();
  for (const Percentile& p : percentiles) {
    const auto value = [&](std::size_t i) { return legs[i].round_trips.*p.ns; };
    const auto floor = [&](std::size_t i) { return bare[i].round_trips.*p.ns; };
    const auto ratio = [&](std::size_t i) { return value(i) / floor(i); };
    Row row{.id = std::string(kind.rows) + "." + p.name,
            .value = over_rounds(rounds, value),
            .unit = "ns",
            .floor = {},
            .ratio = {},
            .line_rtt_ns = over_rounds(rounds, [&](std::size_t i) { return legs[i].line_ns; })};
    if (!is_floor) {
      row.floor = over_rounds(rounds, floor);
      row.ratio = over_rounds(rounds, ratio);
    }
    report.add(row);
  }
}

std::size_t index_of(std::string_view name) {
  std::size_t index = 0;
  while (ways()[index].name != name) ++index;
  return index;
}

/// How many times slower the same protocol is over kernel sockets.
void report_sockets(Report& report, const Legs& legs) {
  const std::vector<Leg>& sockets = legs[index_of("inline_over_sockets")];
  const std::vector<Leg>& port = legs[index_of("inline")];
  const std::size_t rounds = port.size();
  const auto ratio = [&](std::size_t i) {
    return sockets[i].round_trips.p50_ns / port[i].round_trips.p50_ns;
  };
  report.add({.id = "F3.round_trip",
              .value = over_rounds(rounds, [&](auto i) { return sockets[i].round_trips.p50_ns; }),
              .unit = "ns",
              .floor = over_rounds(rounds, [&](auto i) { return port[i].round_trips.p50_ns; }),
              .ratio = over_rounds(rounds, ratio),
              .line_rtt_ns = over_rounds(rounds, [&](auto i) { return port[i].line_ns; })});
}

void run(const Options& options) {
  const std::size_t rounds = options.quick ? 1 : 7;
  const PingLimits limits = options.quick ? PingLimits{.round_trips = 10'000, .seconds_max = 0.5}
                                          : PingLimits{.round_trips = 100'000, .seconds_max = 2};
  end_legs_on_signals();
  const Legs legs = play(rounds, limits, two_cores());
  Report report("pingpong");
  for (std::size_t w = 0; w < legs.size(); ++w) report_way(report, ways()[w], legs[w], legs[0]);
  report_sockets(report, legs);
  report.publish(options);
  std::puts(
      "\nRound trips of 64 bytes; floor: the bare port in the same round. Medians over rounds. A\n"
      "ping that is not back after 20 ms counts as 20 ms.\n"
      "F1 is to be at most 1.5 at p50 and 2 at p99; F3 at least 10 (its floor is F1).\n"
      "F1.pipelined: the three threads of each process share one core, and yield it when idle.");
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  if (argc > 1 && std::string_view(argv[1]) == muster::bench::side_option) {
    return muster::bench::run_side(arguments.subspan(2));
  }
  return muster::bench::run_suite(
      argc, argv, "Ping-pong between two processes: the bare port, muster, and kernel sockets.",
      muster::bench::run);
}
