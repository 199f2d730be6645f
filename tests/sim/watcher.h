// What one application has been told, and whether that could be true: I2, I3, I6, I7 and I9 as
// they show in the events of one member.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "cluster/events.h"
#include "cluster/member.h"
#include "sim/roster.h"
#include "sim/verdict.h"
#include "tests/sim/ledger.h"

namespace muster::sim {

/// Which incarnation of each server lives in truth; 0: none.
using Census = std::vector<Incarnation>;

class Watcher {
 public:
  /// `removals_are_deaths`: in this world nobody who lives may be declared dead.
  Watcher(std::size_t self, Incarnation incarnation, const Roster& roster, const Ledger& ledger,
          const Census& census, bool removals_are_deaths, Verdict& verdict);

  /// It speaks as another incarnation now: whom it had lost may come as what they were.
  void started_anew(const Member& member);
  void joined(const MemberKey& member);
  void removed(const MemberKey& member, RemovalReason reason);
  /// `settled`: by the next change, not while all of a tree is fetched.
  void bound(const Binding& binding, bool settled);
  void withdrawn(const Binding& binding);
  void batch_begins(const MemberKey& owner);
  void batch_ends(const MemberKey& owner);
  /// The callback `what` names this member, which must not have been removed.
  void named(const MemberKey& member, std::string_view what);
  /// A heartbeat with this version is about to be given to the member.
  void advertised(std::size_t owner, Incarnation incarnation, Version version);
  void synchronized(const Member& member);

  /// The incarnation that the application holds for a member; 0: not a member.
  Incarnation present(std::size_t server) const { return seen_[server].present; }
  /// How many the application holds, itself not counted.
  std::size_t members() const;
  /// (server, incarnation) was a member here and was removed.
  bool has_removed(std::size_t server, Incarnation incarnation) const {
    return seen_[server].present != incarnation && seen_[server].highest >= incarnation;
  }
  std::size_t bindings(std::size_t server) const { return seen_[server].bindings.size(); }
  bool in_batch(std::size_t server) const { return seen_[server].batch != 0; }

 private:
  struct Told {
    Version version;
    Incarnation owner;
  };
  struct Seen {
    Incarnation present = 0;
    Incarnation highest = 0;
    bool may_return = false;  ///< as the incarnation whose removal has yet to be told
    std::map<std::string, Told, std::less<>> bindings;
    Incarnation batch = 0;  ///< what it is told becomes visible later; begun by this one; 0: not so
    std::map<Incarnation, Version> first_advertised;
  };
  std::size_t number(const MemberKey& member);
  bool own(std::size_t server) const { return server == self_; }

  std::size_t self_;
  const Roster& roster_;
  const Ledger& ledger_;
  const Census& census_;
  bool removals_are_deaths_;
  Verdict& verdict_;
  std::vector<Seen> seen_;
};

}  // namespace muster::sim
