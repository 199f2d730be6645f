// A whole cluster in virtual time: servers with clocks of their own on one network, one queue of
// events, and one seed that decides everything.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "sim/drifting_clock.h"
#include "sim/event_queue.h"
#include "sim/virtual_network.h"
#include "tests/sim/invariants.h"
#include "tests/sim/packet_rules.h"
#include "tests/sim/path_rules.h"
#include "tests/sim/process.h"
#include "tests/sim/workload.h"

namespace muster::sim {

class World final : private Wire {
 public:
  World(const Scenario& scenario, Trace& trace, Mutation* mutation = nullptr);

  /// Until all has converged and the servers have ended, or an invariant did not hold.
  void run();
  const Verdict& verdict() const { return verdict_; }
  /// How much of the time that it had for it the cluster needed to converge; 0 before that.
  double convergence_share() const { return convergence_share_; }

 private:
  enum class State : std::uint8_t { down, running, paused, leaving };
  struct Server {
    State state = State::down;
    DriftingClock clock;
    std::unique_ptr<Process> process;
    std::uint64_t life = 0;  ///< counts the processes
    Incarnation incarnation = 0;
    TimeNs wake_at = never_ns;
    bool cycle_due = false;
    TimeNs paused_since = 0;  ///< the last time
    TimeNs paused_until = 0;
    TimeNs unhealthy_until = 0;       ///< the last moment at which it did not trust itself
    TimeNs slow_until = 0;            ///< receives slowly until then
    TimeNs exhausted_until = 0;       ///< longer than its reserve may last
    TimeNs beat_at = 0;               ///< its last heartbeat; 0: none in this life
    std::deque<std::uint64_t> inbox;  ///< packets that wait while it is paused or slow
  };

  // Time.
  TimeNs now() const { return verdict_.now(); }
  TimeNs local(const Server& server) const { return server.clock.local(now()); }
  void happen(const Event& event);
  void after_step(std::size_t number);
  void check_heartbeat(std::size_t number);

  // What a server does.
  void arrive(std::size_t number, std::uint64_t flight);
  void give(std::size_t number, std::uint64_t flight);
  void serve(std::size_t number);
  void wake(std::size_t number, TimeNs at);
  void meet_deadlines(std::size_t number);
  void cycle(std::size_t number);
  void schedule_cycle(std::size_t number, DurationNs after);
  void work(std::size_t number);
  void carry(std::size_t from, const Packet& packet) override;

  // What befalls it (faults.cc).
  void fault();
  void befall(FaultKind kind, std::size_t number);
  void start(std::size_t number);
  void end(std::size_t number);
  void crash(std::size_t number);
  void leave(std::size_t number);
  DurationNs how_long(DurationNs max_ns);
  bool may_befall(FaultKind kind, std::size_t number) const;
  bool is_vouched_for(std::size_t mute, std::size_t deaf) const;
  void pause(std::size_t number, DurationNs duration);
  void resume(std::size_t number);
  void empty_inbox(std::size_t number);
  void partition(std::uint64_t sides);
  void cut(std::size_t number, DurationNs outage_ns);
  void mend(std::size_t number, std::uint64_t what);
  void throw_garbage(std::size_t number);
  void expect_notice(std::size_t gone);
  void check_noticed(std::size_t gone, Incarnation incarnation, DurationNs bound_ns, bool last);
  Incarnation next_incarnation(std::size_t number);

  // How it ends.
  void heal();
  void check_narrow_path();
  void settle();
  std::vector<const Process*> members() const;

  const Scenario scenario_;
  Trace& trace_;
  Mutation* mutation_;
  Verdict verdict_;
  Roster roster_;
  Dice dice_;
  EventQueue events_;
  VirtualNetwork network_;
  Ledger ledger_;
  Census census_;
  Conversations conversations_;
  Broadcasts broadcasts_;
  Application::Shared shared_;
  Invariants invariants_;
  PacketRules packet_rules_;
  PathRules path_rules_;
  Workload workload_;
  std::vector<Server> servers_;

  enum class Phase : std::uint8_t { faults, settling, quiet, over };
  Phase phase_ = Phase::faults;
  TimeNs phase_ends_ns_ = 0;
  double convergence_share_ = 0;
  TimeNs outage_until_ = 0;   ///< the last one
  TimeNs vouched_until_ = 0;  ///< all who live are needed until then: they vouch for one
  std::uint64_t starts_ = 0;
  std::vector<std::byte> last_packet_;  // garbage is made of it
};

}  // namespace muster::sim
