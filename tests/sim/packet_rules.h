// What must hold of the packets themselves: whoever is up to date sends nothing, a repair is
// between two (I4) and within a budget (I5), a quiet cluster only heartbeats, and what is sent can
// be parsed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "cluster/wire/parse.h"
#include "tests/sim/catch_up_rules.h"
#include "tests/sim/process.h"

namespace muster::sim {

class PacketRules {
 public:
  PacketRules(const Scenario& scenario, const Roster& roster, Verdict& verdict)
      : roster_(roster),
        verdict_(verdict),
        catch_up_(scenario, roster, verdict),
        heard_(roster.size()) {}

  void begin(std::size_t server) {
    heard_[server].assign(roster_.size(), {});
    catch_up_.begin(server);
  }
  /// From here to handled() the process is busy with this packet, well-formed or not.
  void arrives(Process& process, const Packet& packet);
  void handled() {
    handling_.reset();
    catch_up_.handled();
  }
  void transmitted(const Process& process, const Packet& packet);
  /// From then on only heartbeats are due.
  void expect_quiet(TimeNs from) { quiet_from_ns_ = from; }
  /// The process speaks as another incarnation now.
  void started_anew(const Process& process) { catch_up_.started_anew(process); }
  /// Of a member of a cluster that has been quiet for a while.
  void check_quiet(const Process& process) const { catch_up_.check_answered(process); }

 private:
  struct Handling {
    wire::Type type;
    Endpoint from;
  };
  /// The highest version heard of, by incarnation.
  using Heard = std::map<Incarnation, Version>;
  void check_request(const Process& process, const wire::SyncRequest& request,
                     const Packet& packet);
  void check_answer(const Process& process, const Packet& packet);
  void check_publication(const Process& process, const wire::Publication& publication,
                         const Packet& packet);

  const Roster& roster_;
  Verdict& verdict_;
  CatchUpRules catch_up_;
  std::optional<Handling> handling_;
  TimeNs quiet_from_ns_ = never_ns;
  std::vector<std::vector<Heard>> heard_;  // [receiver][owner]
  /// The newest packet of each server's, incarnation's, topic's stream that all were sent.
  std::map<std::tuple<std::size_t, Incarnation, std::uint64_t>, std::uint32_t> to_group_;
};

}  // namespace muster::sim
