// Suspicion: a silent member is asked directly and through others before it is declared dead
// (the probes and helpers of SWIM: Das, Gupta, Motivala, DSN 2002), and whoever was itself late
// doubts itself first (Lifeguard: Dadgar, Phillips, Currey, 2017).
#include <algorithm>
#include <vector>

#include "cluster/membership/guarantee.h"
#include "cluster/membership/membership.h"

namespace muster {

TimeNs Membership::due(const Peer& peer) const {
  if (peer.suspected) return std::min(peer.probe_due_ns, dies(peer));
  return peer.last_heard_ns + health_.stretch(config_.membership.suspect_after_ns);
}

TimeNs Membership::dies(const Peer& suspect) const {
  return suspect.suspected_since_ns + health_.stretch(config_.membership.dead_after_ns);
}

void Membership::check_all(TimeNs now) {
  std::vector<MemberId> dead;
  for (auto& [id, peer] : peers_) {
    if (peer.suspected && now >= dies(peer))
      dead.push_back(id);
    else
      check(now, peer);
  }
  for (const MemberId id : dead) remove(now, id, RemovalReason::died);
  next_check_ns_ = never_ns;
  for (const auto& [id, peer] : peers_) next_check_ns_ = std::min(next_check_ns_, due(peer));
}

void Membership::check(TimeNs now, Peer& peer) {
  if (!peer.suspected && now >= due(peer)) suspect(now, peer);
  if (peer.suspected && now >= peer.probe_due_ns) probe(now, peer);
}

void Membership::suspect(TimeNs now, Peer& peer) {
  peer.suspected = true;
  peer.suspected_since_ns = now;
  peer.probe_due_ns = now;
  peer.nonce = random_.next();
  ++stats_.suspicions;
  if (hears_nobody()) health_.blame(now);
  events_.on_suspected(peer.info());
}

/// All silent at once: it is less likely that all have died than that this member is cut off.
bool Membership::hears_nobody() const {
  return peers_.size() > 1 &&
         std::ranges::all_of(peers_, [](const auto& entry) { return entry.second.suspected; });
}

/// docs/protocol.md §5.10: what began as a suspicion has ended.
void Membership::refute(TimeNs now, Peer& peer) {
  peer.suspected = false;
  peer.last_heard_ns = now;
  ++stats_.refutations;
  next_check_ns_ = std::min(next_check_ns_, due(peer));
  events_.on_refuted(peer.info());
}

void Membership::probe(TimeNs now, Peer& peer) {
  peer.probe_due_ns =
      now + health_.stretch(config_.membership.dead_after_ns) / probes_while_suspected + 1;
  if (Packet* packet = outbox_.open(wire::Type::probe)) {
    append(*packet, wire::Probe{.nonce = peer.nonce, .origin = wire::address_of(config_.self)});
    outbox_.send(*packet, peer.endpoint);
  }
  std::vector<const Peer*> helpers;
  for (const auto& [id, other] : peers_)
    if (!other.suspected) helpers.push_back(&other);
  for (std::uint32_t i = 0; i < config_.membership.helpers && i < helpers.size(); ++i) {
    std::swap(helpers[i], helpers[i + random_.below(helpers.size() - i)]);
    Packet* packet = outbox_.open(wire::Type::probe_request);
    if (packet == nullptr) return;
    append(*packet, wire::ProbeRequest{.nonce = peer.nonce,
                                       .subject = static_cast<std::uint64_t>(peer.key.id),
                                       .subject_incarnation = peer.key.incarnation,
                                       .subject_address = wire::address_of(peer.endpoint)});
    outbox_.send(*packet, helpers[i]->endpoint);
  }
}

void Membership::on_probe(const wire::Probe& probe, const Endpoint& from) {
  Packet* packet = outbox_.open(wire::Type::probe_ack);
  if (packet == nullptr) return;
  const MemberKey self = outbox_.sender().self;
  append(*packet, wire::ProbeAck{.nonce = probe.nonce,
                                 .subject = static_cast<std::uint64_t>(self.id),
                                 .subject_incarnation = self.incarnation,
                                 .origin = probe.origin});
  outbox_.send(*packet, from);
}

void Membership::on_probe_request(const wire::ProbeRequest& request, const Endpoint& from) {
  if (!may_be_a_host(wire::endpoint_of(request.subject_address))) return;
  Packet* packet = outbox_.open(wire::Type::probe);
  if (packet == nullptr) return;
  append(*packet, wire::Probe{.nonce = request.nonce, .origin = wire::address_of(from)});
  outbox_.send(*packet, wire::endpoint_of(request.subject_address));
}

void Membership::on_probe_ack(TimeNs now, const wire::Header& header, const wire::ProbeAck& ack) {
  const Endpoint origin = wire::endpoint_of(ack.origin);
  if (origin == config_.self) {
    const auto found = peers_.find(MemberId{std::uint64_t{ack.subject}});
    if (found == peers_.end()) return;
    Peer& peer = found->second;
    const bool answers = peer.suspected && peer.nonce == ack.nonce &&
                         peer.key.incarnation == ack.subject_incarnation;
    if (answers) refute(now, peer);
  } else if (header.sender == ack.subject &&
             may_be_a_host(origin)) {  // the subject's own answer: passed on once
    Packet* packet = outbox_.open(wire::Type::probe_ack);
    if (packet == nullptr) return;
    append(*packet, ack);
    outbox_.send(*packet, origin);
  }
}

void Membership::doubt_self(TimeNs now) {
  health_.blame(now);
  for (auto& [id, peer] : peers_) {
    peer.last_heard_ns = now;
    if (!peer.suspected) continue;
    peer.suspected_since_ns = now;
    peer.probe_due_ns = now;
  }
  if (!peers_.empty()) next_check_ns_ = now;
}

}  // namespace muster
