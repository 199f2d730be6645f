#include "cluster/membership/guarantee.h"

#include <cmath>

#include "cluster/membership/health.h"

namespace muster {
namespace {

constexpr double false_removal_max = 1e-9;

/// A heartbeat that comes as late as this after another is too late: the member was removed.
DurationNs silence_ns(const MembershipConfig& timers) {
  return timers.suspect_after_ns + timers.dead_after_ns;
}

/// Heartbeats due before the member is removed, after one that was heard.
std::uint32_t chances(const MembershipConfig& timers) {
  return static_cast<std::uint32_t>((silence_ns(timers) - 1) / timers.heartbeat_interval_ns);
}

double tolerated_loss(const MembershipConfig& timers, std::uint32_t helpers) {
  double low = 0;
  double high = 1;
  constexpr int halvings = 40;
  for (int i = 0; i < halvings; ++i) {
    const double middle = (low + high) / 2;
    const bool tolerated = false_removal_probability(timers, middle, helpers) <= false_removal_max;
    (tolerated ? low : high) = middle;
  }
  return low;
}

}  // namespace

double false_removal_probability(const MembershipConfig& timers, double loss,
                                 std::uint32_t helpers) {
  const double arrives = 1 - loss;
  const double direct_fails = 1 - std::pow(arrives, 2);  // probe, answer
  const double helped_fails = 1 - std::pow(arrives, 4);  // request, probe, answer, passed on
  const double round_fails = direct_fails * std::pow(helped_fails, helpers);
  return std::pow(loss, chances(timers)) * std::pow(round_fails, probes_while_suspected);
}

Guarantee guarantee_of(const MembershipConfig& timers) {
  const DurationNs silence = silence_ns(timers);
  const std::uint32_t heard_before = chances(timers);
  return {
      .detection_ns = silence + timers.heartbeat_interval_ns,
      .detection_unhealthy_ns = (1 + Health::score_max) * silence + timers.heartbeat_interval_ns,
      .pause_ns =
          silence > timers.heartbeat_interval_ns ? silence - timers.heartbeat_interval_ns : 0,
      .heartbeats_lost = heard_before == 0 ? 0 : heard_before - 1,
      .loss = tolerated_loss(timers, timers.helpers),
      .loss_of_two = tolerated_loss(timers, 0)};
}

}  // namespace muster
