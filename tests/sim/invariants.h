// What must hold of the members' states: after every step on one state (I2, I13) and on the step
// between two (I3), and once all is quiet (I1, I8, I11).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/sim/conversations.h"
#include "tests/sim/ledger.h"
#include "tests/sim/process.h"
#include "tests/sim/scenario.h"

namespace muster::sim {

class Invariants {
 public:
  Invariants(const Scenario& scenario, const Roster& roster, const Ledger& ledger,
             const Conversations& conversations, Verdict& verdict);

  /// A new process knows nothing: what its predecessor had seen binds it no more.
  void begin(std::size_t server) {
    seen_[server].assign(scenario_.servers, {});
    health_scores_[server] = 0;
  }
  /// It speaks as another incarnation: whom it holds no more may come back as what they were.
  void started_anew(const Process& process);
  /// The process has made a step.
  void after_step(const Process& process);

  struct Disagreement {
    const char* invariant;
    std::string sentence;
  };
  /// Once quiet: why the members (all that live) do not agree yet, or nothing.
  std::optional<Disagreement> disagreement(std::span<const Process* const> members) const;

 private:
  struct Copy {
    Incarnation incarnation = 0;
    Version version = 0;
    std::uint64_t digest = 0;
  };
  void check_own_tree(const Process& process);
  void check_packets(const Process& process, std::size_t reserved);
  void check_health(const Process& process);
  void check_peer(const Process& process, const Peer& peer);
  void check_content(std::size_t holder, std::size_t owner, Incarnation incarnation,
                     const Tree& tree);
  /// What `a` holds of `b`.
  std::optional<Disagreement> about_membership(const Process& a, const Process& b) const;
  std::optional<Disagreement> about_state(const Process& a, const Process& b) const;
  std::optional<Disagreement> about_itself(const Process& process, std::size_t members) const;

  const Scenario& scenario_;
  const Roster& roster_;
  const Ledger& ledger_;
  const Conversations& conversations_;
  Verdict& verdict_;
  std::vector<std::vector<Copy>> seen_;  // [holder][owner]
  std::vector<std::uint32_t> health_scores_;
};

}  // namespace muster::sim
