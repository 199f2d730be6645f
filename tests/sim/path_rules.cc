#include "tests/sim/path_rules.h"

#include <algorithm>

#include "cluster/paths/paths.h"

namespace muster::sim {
namespace {

/// Three tries, what clocks differ by, and the way there and back.
constexpr DurationNs verdict_within_ns = 8 * Paths::first_wait_ns;

}  // namespace

/// As long that somebody may be told, and where nothing else makes a
/// path look like that.
void pick_narrow_path(Dice dice, Scenario& scenario) {
  if (scenario.weather != Weather::calm || scenario.heartbeat_ns() < 20 * ms ||
      !dice.chance(500'000))
    return;
  scenario.narrow_from = dice.below(scenario.servers);
  scenario.narrow_to =
      (scenario.narrow_from + dice.between(1, scenario.servers - 1)) % scenario.servers;
  scenario.faults_last_ns = std::max(scenario.faults_last_ns, 15 * second);
}

void PathRules::transmitted(const Process& process, const Packet& packet) {
  if (scenario_.narrow_from != process.server()) return;
  const auto* header = reinterpret_cast<const wire::Header*>(packet.data);
  if (wire::Type{header->type} != wire::Type::path_probe) return;
  const auto to = roster_.find(packet.peer);
  if (to != scenario_.narrow_to) return;
  if (const Peer* peer = process.member().membership().find(roster_.id(*to)))
    asked_ns_.try_emplace({process.member().self().incarnation, peer->key.incarnation},
                          verdict_.now());
}

void PathRules::check_told(const Process& from, const Process& to) const {
  const auto asked =
      asked_ns_.find({from.member().self().incarnation, to.member().self().incarnation});
  if (asked == asked_ns_.end() || verdict_.now() < asked->second + verdict_within_ns) return;
  const Peer* peer = from.member().membership().find(to.member().self().id);
  if (peer == nullptr || peer->key != to.member().self()) return;
  if (from.member().paths().narrow() == 0)
    verdict_.fail("paths", "m{} was not told that what is long does not arrive at m{}",
                  from.server(), to.server());
}

}  // namespace muster::sim
