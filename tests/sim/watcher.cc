#include "tests/sim/watcher.h"

#include <algorithm>
#include <utility>

namespace muster::sim {

Watcher::Watcher(std::size_t self, Incarnation incarnation, const Roster& roster,
                 const Ledger& ledger, const Census& census, bool removals_are_deaths,
                 Verdict& verdict)
    : self_(self),
      roster_(roster),
      ledger_(ledger),
      census_(census),
      removals_are_deaths_(removals_are_deaths),
      verdict_(verdict),
      seen_(roster.size()) {
  seen_[self].present = seen_[self].highest = incarnation;
}

std::size_t Watcher::number(const MemberKey& member) {
  if (const auto server = roster_.find(member.id)) return *server;
  verdict_.fail("I14", "m{} was told of a member that does not exist", self_);
  return self_;
}

std::size_t Watcher::members() const {
  std::size_t members = 0;
  for (std::size_t server = 0; server < seen_.size(); ++server)
    if (!own(server) && seen_[server].present != 0) ++members;
  return members;
}

void Watcher::started_anew(const Member& member) {
  for (std::size_t server = 0; server < seen_.size(); ++server) {
    Seen& seen = seen_[server];
    if (own(server)) continue;
    seen.may_return = member.directory().still_leaving(roster_.id(server));
    if (seen.present == 0) seen.highest = 0;
    if (seen.present == 0 || seen.may_return) seen.first_advertised.clear();
  }
}

void Watcher::joined(const MemberKey& member) {
  const std::size_t server = number(member);
  Seen& seen = seen_[server];
  if (own(server) || seen.present != 0)
    verdict_.fail("I7", "m{} was told that m{} joined as {}, before it left as {}", self_, server,
                  member.incarnation, seen.present);
  if (member.incarnation <= seen.highest)
    verdict_.fail("I3", "m{} was told that m{} joined as {}, after it had been {}", self_, server,
                  member.incarnation, seen.highest);
  seen.present = seen.highest = member.incarnation;
}

void Watcher::removed(const MemberKey& member, RemovalReason reason) {
  const std::size_t server = number(member);
  named(member, "removed");
  Seen& seen = seen_[server];
  if (!seen.bindings.empty())
    verdict_.fail("I7", "m{} was told that m{} is gone while it still holds {} of its bindings",
                  self_, server, seen.bindings.size());
  if (seen.batch != 0)
    verdict_.fail("I7", "m{} was told that m{} is gone in the middle of a batch", self_, server);
  if (removals_are_deaths_ && reason == RemovalReason::died &&
      census_[server] == member.incarnation)
    verdict_.fail("I9", "m{} declared m{} ({}) dead, which lives", self_, server,
                  member.incarnation);
  seen.present = 0;
  if (std::exchange(seen.may_return, false)) seen.highest = 0;
}

void Watcher::named(const MemberKey& member, std::string_view what) {
  const std::size_t server = number(member);
  if (own(server) || seen_[server].present != member.incarnation)
    verdict_.fail("I7", "m{} heard '{}' of m{} ({}), and holds {} as the member", self_, what,
                  server, member.incarnation, seen_[server].present);
}

void Watcher::bound(const Binding& binding, bool settled) {
  const std::size_t server = number(binding.owner);
  Seen& seen = seen_[server];
  if (own(server)) {
    seen.present = binding.owner.incarnation;
  } else {
    named(binding.owner, "bound");
    const Life* life = ledger_.find(server, binding.owner.incarnation);
    const Life::Change* change = life == nullptr ? nullptr : life->change(binding.version);
    if (change == nullptr || !change->bound || change->path != binding.path ||
        !change->is(binding.attributes, binding.value))
      verdict_.fail("I2", "m{} was told that m{} bound {} at version {}, which it did not", self_,
                    server, binding.path, binding.version);
    else if (settled && change->more && seen.batch == 0)
      verdict_.fail("I2",
                    "m{} was told of {} at version {} of m{}, and not of the rest of its batch",
                    self_, binding.path, binding.version, server);
  }
  const auto [told, added] = seen.bindings.try_emplace(std::string(binding.path));
  if (!added && told->second.version >= binding.version)
    verdict_.fail("I3", "m{} was told that m{} bound {} at version {}, after version {}", self_,
                  server, binding.path, binding.version, told->second.version);
  told->second = {binding.version, binding.owner.incarnation};
}

void Watcher::withdrawn(const Binding& binding) {
  const std::size_t server = number(binding.owner);
  if (!own(server)) named(binding.owner, "withdrawn");
  auto& bindings = seen_[server].bindings;
  const auto told = bindings.find(binding.path);
  if (told == bindings.end() || told->second.version != binding.version ||
      told->second.owner != binding.owner.incarnation)
    return verdict_.fail("I7", "m{} was told that m{} ({}) withdrew {}, which was not bound so",
                         self_, server, binding.owner.incarnation, binding.path);
  bindings.erase(told);
}

void Watcher::batch_begins(const MemberKey& owner) {
  const std::size_t server = number(owner);
  if (!own(server)) named(owner, "batch");
  if (std::exchange(seen_[server].batch, owner.incarnation) != 0)
    verdict_.fail("I2", "m{} was told of a batch of m{} within a batch", self_, server);
}

void Watcher::batch_ends(const MemberKey& owner) {
  const std::size_t server = number(owner);
  if (!own(server)) named(owner, "end of a batch");
  if (const Incarnation began = std::exchange(seen_[server].batch, 0); began != owner.incarnation)
    verdict_.fail("I2", "m{} was told of the end of a batch of m{} ({}), which {} began", self_,
                  server, owner.incarnation, began);
}

void Watcher::advertised(std::size_t owner, Incarnation incarnation, Version version) {
  seen_[owner].first_advertised.try_emplace(incarnation, version);
}

void Watcher::synchronized(const Member& member) {
  if (member.standing() != Standing::member)
    verdict_.fail("I6", "m{} says that it is synchronized before it is a member", self_);
  for (const auto& [id, peer] : member.membership().peers()) {
    const std::size_t server = number(peer.key);
    const auto first = seen_[server].first_advertised.find(peer.key.incarnation);
    const Replica* replica = member.directory().replica(id);
    const Version held = replica == nullptr ? 0 : replica->tree().version();
    if (first == seen_[server].first_advertised.end() || held < first->second)
      verdict_.fail("I6", "m{} says that it is synchronized, and holds version {} of m{}", self_,
                    held, server);
  }
}

}  // namespace muster::sim
