// What is measured at one size of the cluster.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "bench/scale/repair.h"

namespace muster::bench {

/// At rest, of each member and second; heartbeats only.
struct RestFigures {
  double packets_sent = 0;
  double bytes_sent = 0;
  double packets_received = 0;
  double bytes_received = 0;
  double cpu_us = 0;
};

/// Durations in milliseconds, over all members that had to hear of it.
struct Delay {
  double median_ms = 0;
  double worst_ms = 0;
};

struct LossCase {
  std::string_view name;
  Loss loss;
};
/// "each": lost on the way to one receiver; "all": lost at the sender, so that all miss it.
inline constexpr std::array<LossCase, 6> loss_cases{{{"each.0.1%", {1'000, 0}},
                                                     {"each.1%", {10'000, 0}},
                                                     {"each.5%", {50'000, 0}},
                                                     {"all.0.1%", {0, 1'000}},
                                                     {"all.1%", {0, 10'000}},
                                                     {"all.5%", {0, 50'000}}}};

struct CatchUpFigures {
  RepairCost ours;    ///< with the defaults: what many miss at once is repaired by one multicast
  RepairCost alone;   ///< without that (repair_threshold 0): whoever asks is answered alone
  RepairCost theirs;  ///< the older way
};

struct Figures {
  std::size_t members = 0;
  double mass_join_ms = 0;
  double mass_join_over_budget = 0;  ///< requests not answered: too many at once
  RestFigures rest;
  Delay change;          ///< without loss
  Delay change_at_loss;  ///< 1 % at each receiver, and nothing else changes
  Delay detection;
  double join_one_ms = 0;  ///< into the running cluster, until it is synchronized and all hold it
  std::array<CatchUpFigures, loss_cases.size()> catch_up;
  double mass_crash_ms = 0;
  double cut_off_ms = 0;            ///< one heard nobody for a second: from then until all agree
  double cut_off_begun_anew = 0;    ///< those who came back as another incarnation for it
  double deaths_of_the_living = 0;  ///< in all of this, loss included
};

}  // namespace muster::bench
