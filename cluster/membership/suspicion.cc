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

/// A suspect has a timer, and so has whoever has been silent for long. The others are looked at
/// together, now and then, lest every heartbeat move a timer.
void Membership::wait_for(TimeNs now, Peer& peer) {
  const TimeNs due_ns = due(peer);
  if (peer.suspected || due_ns < now + config_.membership.suspect_after_ns / 2)
    timers_.arm(peer, due_ns);
  else
    next_sweep_ns_ = std::min(next_sweep_ns_, due_ns);
}

void Membership::wait_for_all(TimeNs now) {
  next_sweep_ns_ = never_ns;
  for (auto& [id, peer] : peers_) wait_for(now, peer);
}

void Membership::check_all(TimeNs now) {
  if (now >= next_sweep_ns_) wait_for_all(now);
  std::vector<MemberId> dead;
  while (Peer* peer = timers_.pop(now)) {
    if (peer->suspected && now >= dies(*peer))
      dead.push_back(peer->key.id);
    else
      check(now, *peer);
  }
  for (const MemberId id : dead) remove(now, id, RemovalReason::died);
}

void Membership::check(TimeNs now, Peer& peer) {
  if (!peer.suspected && now >= due(peer)) suspect(now, peer);
  if (peer.suspected && now >= peer.probe_due_ns) probe(now, peer);
  wait_for(now, peer);
}

void Membership::suspect(TimeNs now, Peer& peer) {
  trusted_.remove(peer);
  peer.suspected = true;
  peer.suspected_since_ns = now;
  peer.probe_due_ns = now;
  peer.nonce = random_.next();
  ++stats_.suspicions;
  // All silent at once: it is less likely that all have died than that this member is cut off.
  if (hears_nobody()) health_.blame(now);
  events_.on_suspected(peer.info());
}

/// docs/protocol.md §5.10: what began as a suspicion has ended.
void Membership::refute(TimeNs now, Peer& peer) {
  peer.suspected = false;
  peer.last_heard_ns = now;
  trusted_.add(peer);
  wait_for(now, peer);
  ++stats_.refutations;
  events_.on_refuted(peer.info());
}

void Membership::probe(TimeNs now, Peer& peer) {
  peer.probe_due_ns =
      now + health_.stretch(config_.membership.dead_after_ns) / probes_while_suspected + 1;
  if (Packet* packet = outbox_.open(wire::Type::probe)) {
    append(*packet, wire::Probe{.nonce = peer.nonce, .origin = wire::address_of(config_.self)});
    outbox_.send(*packet, peer.endpoint);
  }
  for (const Peer* helper : trusted_.pick(config_.membership.helpers, random_)) {
    Packet* packet = outbox_.open(wire::Type::probe_request);
    if (packet == nullptr) return;
    append(*packet, wire::ProbeRequest{.nonce = peer.nonce,
                                       .subject = static_cast<std::uint64_t>(peer.key.id),
                                       .subject_incarnation = peer.key.incarnation,
                                       .subject_address = wire::address_of(peer.endpoint)});
    outbox_.send(*packet, helper->endpoint);
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
  if (!may_be_reached(wire::endpoint_of(request.subject_address))) return;
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
             may_be_reached(origin)) {  // the subject's own answer: passed on once
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
    if (peer.suspected) peer.suspected_since_ns = peer.probe_due_ns = now;
  }
  wait_for_all(now);
}

}  // namespace muster
