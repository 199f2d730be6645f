// What catching up may cost, as the packets show it (I5): at most one request outstanding from each
// member to each owner, answers within their budget, and no repair more often than once.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "cluster/wire/parse.h"
#include "tests/sim/process.h"
#include "tests/sim/scenario.h"

namespace muster::sim {

class CatchUpRules {
 public:
  CatchUpRules(const Scenario& scenario, const Roster& roster, Verdict& verdict)
      : directory_(scenario.directory), roster_(roster), verdict_(verdict), books_(roster.size()) {}

  /// A new process owes nothing and is owed nothing.
  void begin(std::size_t server) { books_[server] = {}; }
  /// It speaks as another incarnation: what it asked of those whom it has lost is over.
  void started_anew(const Process& process);
  /// From here to handled() the process is busy with this packet.
  void arrives(const Process& process, const wire::Parsed& packet, const Endpoint& from);
  void handled();
  void transmitted(const Process& process, const wire::Parsed& packet, const Endpoint& to);
  /// Once all is quiet: each request was answered, superseded or asked again.
  void check_answered(const Process& process) const;

 private:
  /// The last request of one member to another, of either scope.
  struct Asked {
    std::uint32_t request = 0;
    MemberKey owner{};
    Version version = 0;        ///< of the copy at that time
    TimeNs at = 0;              ///< or when the last page came in time
    DurationNs timeout_ns = 0;  ///< at least so long it stays outstanding
    std::uint32_t attempts = 0;
    std::uint32_t pages = 0;  ///< that have come in order
    bool open = false;        ///< its answer has not come to an end, nor to a hole
  };
  using Whom = std::pair<std::size_t, wire::SyncScope>;
  /// Somebody asks for what follows a version.
  struct Missed {
    TimeNs at;
    Endpoint by;
    Version since;
  };
  struct Book {
    std::map<Whom, Asked> asked;
    std::deque<Missed> missed;  ///< of the own tree, in the last moments
    double unpaid_packets = 0;  ///< what the time has not yet earned
    TimeNs earned_at = 0;
    Version repaired = 0;       ///< the highest version after which all was said again
    std::uint32_t repairs = 0;  ///< how often it was
  };
  struct Handling {
    const Process* process = nullptr;
    std::optional<wire::SyncRequest> request = {};  ///< that it is asked
    std::uint32_t answers = 0;
    std::set<std::uint64_t> repairs = {};        ///< packet numbers; each has many copies
    std::optional<std::uint32_t> answered = {};  ///< the request that it hears an answer to
    std::uint64_t refused = 0;                   ///< changes that were too large, before it
    MemberId whose{};                            ///< the copy that the answer is for
    std::optional<Place> before = {};            ///< where that copy stood
  };
  void hear_request(const Process& process, const wire::SyncRequest& request, const Endpoint& from);
  void hear_answer(const Process& process, MemberId sender, const wire::SyncAnswer& answer);
  bool stopped(const Process& process) const;
  void check_request(const Process& process, const wire::SyncRequest& request, const Endpoint& to);
  void check_answer(const Process& process);
  void spend(const Process& process);
  void check_repair(const Process& process, std::uint64_t packet_number);
  bool superseded(const Process& process, wire::SyncScope scope, const Asked& asked) const;
  bool enough_missed_it(const Book& book, Version since) const;

  const DirectoryConfig& directory_;
  const Roster& roster_;
  Verdict& verdict_;
  std::vector<Book> books_;
  std::optional<Handling> handling_;
};

}  // namespace muster::sim
