// What must hold of the packets themselves: whoever is up to date sends nothing, a repair is
// between two (I4), a quiet cluster only heartbeats, and what is sent can be parsed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "cluster/wire/parse.h"
#include "tests/sim/process.h"

namespace muster::sim {

class PacketRules {
 public:
  PacketRules(const Roster& roster, Verdict& verdict)
      : roster_(roster), verdict_(verdict), heard_(roster.size()) {}

  void begin(std::size_t server) { heard_[server].assign(roster_.size(), {}); }
  /// From here to handled() the process is busy with this packet, well-formed or not.
  void arrives(Process& process, const Packet& packet);
  void handled() { handling_.reset(); }
  void transmitted(const Process& process, const Packet& packet);
  /// From now on only heartbeats are due.
  void expect_quiet() { quiet_ = true; }

 private:
  struct Handling {
    wire::Type type;
    Endpoint from;
    std::size_t pages = 0;  ///< that it asks for
    std::size_t answers = 0;
  };
  /// The highest version heard of, by incarnation.
  using Heard = std::map<Incarnation, Version>;
  void check_request(const Process& process, const wire::SyncRequest& request,
                     const Packet& packet);
  void check_answer(const Process& process, const Packet& packet);

  const Roster& roster_;
  Verdict& verdict_;
  std::optional<Handling> handling_;
  bool quiet_ = false;
  std::vector<std::vector<Heard>> heard_;  // [receiver][owner]
};

}  // namespace muster::sim
