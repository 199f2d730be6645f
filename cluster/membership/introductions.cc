// How those meet whom the group does not reach: docs/protocol.md §4.6 and §5.11. An introduction is
// an address and nothing more; whoever is there is known by its own heartbeat.
#include <algorithm>
#include <vector>

#include "cluster/membership/membership.h"

namespace muster {

/// Says to one address that this member is there.
void Membership::meet(const Endpoint& at) {
  if (at == config_.self || !may_be_reached(at)) return;
  if (standing_ == Standing::member)
    send_heartbeat(at);
  else
    send_join(at);
}

/// On another's word, and so not often.
void Membership::meet_stranger(const Endpoint& at) {
  if (strangers_left_ == 0) return;
  --strangers_left_;
  meet(at);
}

/// A joiner asks wherever it can; a member asks one of those who know more, and tries one address
/// where somebody may be.
void Membership::seek() {
  strangers_left_ = config_.membership.members_max;
  if (standing_ == Standing::joining) {
    contacts_.each_unmet([this](const Endpoint& at) {
      meet(at);
      ask_for_introductions(at);
    });
  } else if (const Endpoint* at = contacts_.next()) {
    meet(*at);
  }
  if (const Peer* peer = some_peer_ahead()) ask_for_introductions(peer->endpoint);
}

/// Does the peer know members whom this one does not? Where the group reaches everybody nobody
/// needs to ask.
void Membership::note_view(Peer& peer, const wire::Header& header,
                           const wire::Heartbeat& heartbeat) {
  const bool ahead = (header.flags & wire::flag_introduces) != 0 &&
                     heartbeat.view_digest != view_digest_ &&
                     heartbeat.members_alive > peers_.size();
  peers_ahead_ -= peer.ahead > 0 ? 1 : 0;
  peer.ahead = ahead ? peer.ahead + 1 : 0;
  peers_ahead_ += peer.ahead > 0 ? 1 : 0;
}

const Peer* Membership::some_peer_ahead() {
  if (peers_ahead_ == 0) return nullptr;  // as nearly always: there is no need to look at all
  // Views differ for a moment at each change; a joiner has no time to wait for that to pass.
  const std::uint32_t in_a_row = standing_ == Standing::joining ? 1 : 2;
  const Peer* chosen = nullptr;
  std::uint64_t candidates = 0;
  for (const auto& [id, peer] : peers_) {
    const bool ahead = peer.ahead >= in_a_row && peer.view_digest != view_digest_;
    if (ahead && random_.below(++candidates) == 0) chosen = &peer;
  }
  return chosen;
}

/// Goes on where the last answer ended, whoever gave it.
void Membership::ask_for_introductions(const Endpoint& whom) {
  Packet* packet = outbox_.open(wire::Type::introduction_request);
  if (packet == nullptr) return;
  append(*packet, wire::IntroductionRequest{.nonce = introduction_nonce_,
                                            .after = wire::address_of(introduced_to_)});
  outbox_.send(*packet, whom);
}

void Membership::on_introduction_request(TimeNs now, const wire::Header& header,
                                         const wire::IntroductionRequest& request,
                                         const Endpoint& from) {
  if (standing_ != Standing::member) return;
  const Endpoint after = wire::endpoint_of(request.after);
  if (introductions_.grant(now, 1) == 0) return;  // one is much longer than what asks for it
  std::vector<Endpoint> others;
  for (const auto& [id, peer] : peers_) {
    const bool meet_anyway = wire::hears_group(header) && peer.hears_group;
    if (!meet_anyway && peer.endpoint != from && after < peer.endpoint)
      others.push_back(peer.endpoint);
  }
  Packet* packet = outbox_.open(wire::Type::introduction);
  if (packet == nullptr) return;
  auto& introduction = append(*packet, wire::Introduction{});
  // Two may have one address: who was there before, and has not been found dead yet.
  std::ranges::sort(others);
  others.erase(std::ranges::unique(others).begin(), others.end());
  const std::size_t room = (packet->capacity - packet->size) / sizeof(wire::Address);
  const std::size_t count = std::min(others.size(), room);
  introduction.nonce = request.nonce;
  introduction.flags = count == others.size() ? wire::introduction_last : 0;
  introduction.count = static_cast<std::uint16_t>(count);
  for (const Endpoint& other : std::span(others).first(count))
    append(*packet, wire::address_of(other));
  outbox_.send(*packet, from);
}

/// Only what was asked for is believed, and only so much of it between two heartbeats.
void Membership::on_introduction(const wire::IntroductionView& introduction, const Endpoint& from) {
  if (introduction.body->nonce != introduction_nonce_) return;
  std::vector<Endpoint> known;
  known.reserve(peers_.size());
  for (const auto& [id, peer] : peers_) known.push_back(peer.endpoint);
  std::ranges::sort(known);
  for (const wire::Address& address : introduction.addresses) {
    const Endpoint at = wire::endpoint_of(address);
    if (!std::ranges::binary_search(known, at)) meet_stranger(at);
  }
  const bool last = (introduction.body->flags & wire::introduction_last) != 0;
  introduced_to_ = last ? Endpoint{} : wire::endpoint_of(introduction.addresses.back());
  if (!last) ask_for_introductions(from);
}

/// Another process has this one's name, and the two may not hear each other: the one that speaks
/// is told where the other is, so that they settle it between them.
void Membership::introduce_namesake(const wire::Header& header, const Peer& holder,
                                    const Endpoint& from) {
  if (holder.endpoint == from) return;  // its own predecessor, or its successor
  if (wire::hears_group(header) && holder.hears_group) return;
  send_refuse(from, wire::RefuseReason::name_in_use, holder.key.incarnation, holder.endpoint);
}

}  // namespace muster
