// What must hold of paths that lose what is long (docs/protocol.md §7.7): whoever uses one is told,
// and nobody is told of another.
#pragma once

#include <map>
#include <utility>

#include "cluster/wire/parse.h"
#include "tests/sim/process.h"
#include "tests/sim/scenario.h"

namespace muster::sim {

void pick_narrow_path(Dice dice, Scenario& scenario);

class PathRules {
 public:
  /// What such a path of a scenario lets through.
  static constexpr std::size_t short_bytes_max = 1'000;

  PathRules(const Scenario& scenario, const Roster& roster, Verdict& verdict)
      : scenario_(scenario), roster_(roster), verdict_(verdict) {}

  void transmitted(const Process& process, const Packet& packet);
  /// Before the path is healed: both its ends run.
  void check_told(const Process& from, const Process& to) const;

 private:
  /// From one life to another, by their incarnations.
  using Way = std::pair<Incarnation, Incarnation>;

  const Scenario& scenario_;
  const Roster& roster_;
  Verdict& verdict_;
  std::map<Way, TimeNs> asked_ns_;  ///< for the first time
};

}  // namespace muster::sim
