#include "tests/sim/invariants.h"

#include <algorithm>

namespace muster::sim {

Invariants::Invariants(const Scenario& scenario, const Roster& roster, const Ledger& ledger,
                       const Conversations& conversations, Verdict& verdict)
    : scenario_(scenario),
      roster_(roster),
      ledger_(ledger),
      conversations_(conversations),
      verdict_(verdict),
      seen_(scenario.servers),
      health_scores_(scenario.servers) {}

void Invariants::after_step(const Process& process) {
  check_own_tree(process);
  check_health(process);
  const auto& peers = process.member().membership().peers();
  for (const auto& [id, peer] : peers) check_peer(process, peer);
  const std::size_t told = peers.size() + process.member().directory().leaving();
  if (process.watcher().members() != told)
    verdict_.fail("I7", "m{} holds {} members, and told its application of {}", process.server(),
                  told, process.watcher().members());

  const std::size_t reserved = process.member().packets_reserved();
  if (reserved > Outbox::reserve_packets + peers.size())
    verdict_.fail("I13", "m{} keeps {} packets for membership", process.server(), reserved);
  check_packets(process, reserved);
}

/// I13: what each window may hold, and one for each channel beyond the limit: without it nothing
/// would go on.
void Invariants::check_packets(const Process& process, std::size_t reserved) {
  const MessagingConfig& messaging = scenario_.messaging;
  const std::size_t held = process.member().messaging().packets_held();
  if (held > messaging.held_packets + scenario_.streams() + scenario_.topic_streams())
    verdict_.fail("I13", "m{} holds {} received packets for later, {} at most", process.server(),
                  held, messaging.held_packets);
  // Whoever had begun a packet may finish it.
  const std::size_t queues = std::min<std::size_t>(
      scenario_.streams() * (messaging.window_packets + messaging.queue_packets),
      messaging.send_packets + scenario_.streams());
  const std::size_t others = held + process.application().packets_max() + reserved;
  if (process.port().live() > queues + others)
    verdict_.fail("I13", "m{} holds {} packets, {} of them not to send, and its queues at most {}",
                  process.server(), process.port().live(), others, queues);
}

/// I9: where nothing is lost and nobody pauses, a member doubts itself only when it hears nobody.
void Invariants::check_health(const Process& process) {
  const Membership& membership = process.member().membership();
  std::uint32_t& before = health_scores_[process.server()];
  const std::uint32_t score = membership.health().score();
  const auto trusted = [](const auto& entry) { return !entry.second.suspected; };
  if (scenario_.weather == Weather::calm && score > before &&
      std::ranges::any_of(membership.peers(), trusted))
    verdict_.fail("I9", "m{} doubts itself though all is well", process.server());
  before = score;
}

void Invariants::started_anew(const Process& process) {
  for (std::size_t server = 0; server < scenario_.servers; ++server)
    if (server != process.server() &&
        process.member().directory().replica(roster_.id(server)) == nullptr)
      seen_[process.server()][server] = {};
}

void Invariants::check_own_tree(const Process& process) {
  const std::size_t server = process.server();
  const Tree& tree = process.member().directory().own();
  Copy& before = seen_[server][server];
  const Incarnation incarnation = process.member().self().incarnation;
  if (incarnation < before.incarnation || tree.version() < before.version)
    verdict_.fail("I3", "m{} fell from incarnation {}, version {} to {}, {}", server,
                  before.incarnation, before.version, incarnation, tree.version());
  if (tree.version() != before.version) check_content(server, server, incarnation, tree);
  before = {incarnation, tree.version(), tree.digest()};
}

void Invariants::check_peer(const Process& process, const Peer& peer) {
  const std::size_t holder = process.server();
  const auto owner = roster_.find(peer.key.id);
  if (!owner) return verdict_.fail("I14", "m{} holds a member that does not exist", holder);
  const Incarnation incarnation = peer.key.incarnation;
  if (process.watcher().present(*owner) != incarnation)
    return verdict_.fail("I7", "m{} holds m{} as {}, and told its application {}", holder, *owner,
                         incarnation, process.watcher().present(*owner));
  const Replica* replica = process.member().directory().replica(peer.key.id);
  if (replica == nullptr || replica->owner() != peer.key)
    return verdict_.fail("I7", "m{} has no copy of the tree of m{} ({})", holder, *owner,
                         incarnation);

  const Tree& tree = replica->tree();
  if (process.watcher().bindings(*owner) != tree.size())
    verdict_.fail("I7", "m{} holds {} bindings of m{}, and told its application of {}", holder,
                  tree.size(), *owner, process.watcher().bindings(*owner));
  if (!replica->settled()) return;
  if (process.watcher().in_batch(*owner))
    verdict_.fail("I2", "m{} holds a version of m{}, and told its application to wait for it",
                  holder, *owner);
  Copy& before = seen_[holder][*owner];
  if (before.incarnation == incarnation && before.version == tree.version() &&
      before.digest == tree.digest())
    return;
  if (incarnation < before.incarnation)
    verdict_.fail("I3", "m{} fell from incarnation {} of m{} to {}", holder, before.incarnation,
                  *owner, incarnation);
  if (incarnation == before.incarnation && tree.version() < before.version)
    verdict_.fail("I3", "m{} fell from version {} of m{} to {}", holder, before.version, *owner,
                  tree.version());
  check_content(holder, *owner, incarnation, tree);
  before = {incarnation, tree.version(), tree.digest()};
}

void Invariants::check_content(std::size_t holder, std::size_t owner, Incarnation incarnation,
                               const Tree& tree) {
  const Life* life = ledger_.find(owner, incarnation);
  if (life == nullptr)
    return verdict_.fail("I3", "m{} holds m{} as {}, which it never was", holder, owner,
                         incarnation);
  if (tree.version() > life->version())
    return verdict_.fail("I2", "m{} holds version {} of m{}, which is at {}", holder,
                         tree.version(), owner, life->version());
  if (!life->visible(tree.version()))
    return verdict_.fail("I2", "m{} holds version {} of m{}, which lies within a batch", holder,
                         tree.version(), owner);
  ContentHash content;
  for (const TreeEntry& entry : tree)
    if (entry.bound) content.add(entry.version, entry.path, entry.contents);
  if (content.value() != life->content(tree.version()))
    verdict_.fail("I2", "the copy of m{} at m{} is not what m{} had at version {}", owner, holder,
                  owner, tree.version());
}

std::optional<Invariants::Disagreement> Invariants::disagreement(
    std::span<const Process* const> members) const {
  for (const auto between : {&Invariants::about_membership, &Invariants::about_state})
    for (const Process* a : members)
      for (const Process* b : members)
        if (a != b)
          if (auto found = (this->*between)(*a, *b)) return found;
  for (const Process* process : members)
    if (auto found = about_itself(*process, members.size())) return found;
  return std::nullopt;
}

std::optional<Invariants::Disagreement> Invariants::about_membership(const Process& a,
                                                                     const Process& b) const {
  const MemberKey key = b.member().self();
  const Peer* peer = a.member().membership().find(key.id);
  if (peer != nullptr && peer->key == key) return std::nullopt;
  if (a.watcher().has_removed(b.server(), key.incarnation))
    return Disagreement{"I8", fmt::format("m{} has removed m{} ({}), which has not come back",
                                          a.server(), b.server(), key.incarnation)};
  return Disagreement{
      "I1", fmt::format("m{} does not know m{} ({})", a.server(), b.server(), key.incarnation)};
}

std::optional<Invariants::Disagreement> Invariants::about_state(const Process& a,
                                                                const Process& b) const {
  const MemberKey key = b.member().self();
  const Replica& replica = *a.member().directory().replica(key.id);
  const Tree& copy = replica.tree();
  const Tree& own = b.member().directory().own();
  if (!replica.settled() || copy.version() != own.version() || copy.digest() != own.digest())
    return Disagreement{"I1", fmt::format("m{} holds version {} of m{}, which is at {}", a.server(),
                                          copy.version(), b.server(), own.version())};
  const Party self{a.server(), a.member().self().incarnation};
  if (!conversations_.settled(self, {b.server(), key.incarnation}))
    return Disagreement{
        "I11", fmt::format("messages of m{} have not reached m{}", a.server(), b.server())};
  if (const auto missing = a.application().topics().missing_at(b.application().topics()))
    return Disagreement{"I11", *missing};
  return std::nullopt;
}

std::optional<Invariants::Disagreement> Invariants::about_itself(const Process& process,
                                                                 std::size_t members) const {
  const std::size_t server = process.server();
  const Member& member = process.member();
  const Application& application = process.application();
  const std::size_t held = member.membership().peers().size() + 1;
  if (!process.is_member()) return Disagreement{"I1", fmt::format("m{} has not joined", server)};
  if (held != members)
    return Disagreement{"I1",
                        fmt::format("m{} holds {} members, and {} live", server, held, members)};
  if (!member.membership().views_agree())
    return Disagreement{"I1", fmt::format("m{} sees other views", server)};
  if (!member.directory().synchronized())
    return Disagreement{"I6", fmt::format("m{} is not synchronized", server)};
  if (application.eager())
    return Disagreement{"I11", fmt::format("m{} could not send what it owes", server)};
  if (application.calls() != 0)
    return Disagreement{"I11",
                        fmt::format("{} calls of m{} have not ended", application.calls(), server)};
  const std::size_t kept = application.topics().packets_kept();
  if (kept > scenario_.history_packets())
    return Disagreement{"I11", fmt::format("m{} keeps {} packets of topics", server, kept)};
  // The rest of an unreliable message may be lost, and nothing else tell that it is.
  const std::size_t least = member.packets_reserved() + kept;
  const std::size_t most = member.packets_reserved() + application.topics().packets_max();
  if (const std::size_t live = process.port().live(); live < least || live > most)
    return Disagreement{"I13", fmt::format("m{} holds {} packets, {} of them for membership and {} "
                                           "of topics",
                                           server, live, member.packets_reserved(), kept)};
  return std::nullopt;
}

}  // namespace muster::sim
