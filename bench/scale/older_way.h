// The older way to repair, for comparison: a receiver that finds a gap sends a negative
// acknowledgement, which the owner answers by multicast, so that everybody receives the repair.
#pragma once

#include <set>
#include <vector>

#include "bench/scale/repair.h"
#include "cluster/packet.h"
#include "cluster/random.h"
#include "sim/event_queue.h"
#include "sim/roster.h"
#include "sim/virtual_network.h"

namespace muster::bench {

/// One owner and its receivers, on the network that our members have. It is given what favours
/// it: the same jitter and timeouts, no question by whom a repair reaches in time, a repair that
/// holds all that one question asks for, and an owner that answers no question twice at once.
class OlderWay {
 public:
  OlderWay(std::size_t servers, const Loss& loss, std::uint64_t seed);

  /// So many changes, until every receiver has them all.
  RepairCost run(std::uint64_t changes);

 private:
  enum class Kind : std::uint8_t { change, heartbeat, negative_acknowledgement, repair };
  /// About the versions first to last.
  struct Word {
    Kind kind;
    Version first;
    Version last;
  };
  struct Receiver {
    Version complete = 0;     ///< it has all up to here
    std::set<Version> ahead;  ///< and these
    Version heard = 0;        ///< the highest that it knows of
    TimeNs due = never_ns;    ///< when it asks
    unsigned attempts = 0;
  };

  void set_loss_at_sender(sim::Ppm loss);
  void change();
  void heartbeat();
  void arrive(std::size_t server, const Word& word);
  void hear(std::size_t server, const Word& word);
  void answer(const Word& question);
  void ask(std::size_t server, TimeNs at);
  void ask_at(std::size_t server, TimeNs when);
  void send(std::size_t from, const Endpoint& to, Word word);
  bool done() const { return newest_ == cost_.changes && complete_ == cost_.receivers; }

  static constexpr std::size_t owner = 0;
  const DirectoryConfig timers_{};
  Loss loss_;
  sim::Roster roster_;
  sim::EventQueue events_;
  sim::VirtualNetwork network_;
  Random random_;
  TimeNs now_ = 0;
  Version newest_ = 0;
  std::vector<TimeNs> repaired_at_;  // by version
  std::vector<Receiver> receivers_;
  std::size_t complete_ = 0;  ///< receivers that have all changes of the run
  RepairCost cost_;
};

}  // namespace muster::bench
