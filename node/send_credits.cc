#include "node/send_credits.h"

#include <cassert>

namespace muster {
namespace {

/// A thousand peers are gone through in a twentieth of a second.
constexpr DurationNs publish_interval_ns = 50 * us;

}  // namespace

SendCredits::SendCredits(Member& member, PacketPort& port, std::size_t members_max)
    : member_(member), port_(port), self_(member.self()) {
  peers_.reserve(members_max);
  all_.reserve(members_max);
}

std::shared_ptr<Credit> SendCredits::open(const MemberKey& key) {
  Peer& peer = peers_[key.id];
  peer.key = key;
  peer.credit = std::make_shared<Credit>(++joins_);
  all_.push_back(&peer);
  return peer.credit;
}

void SendCredits::close(const MemberKey& key) {
  const auto found = peers_.find(key.id);
  if (found == peers_.end() || found->second.key != key) return;
  Peer* peer = &found->second;
  std::erase(all_, peer);
  peers_.erase(found);
}

void SendCredits::submit(Packet& packet) {
  const Outgoing outgoing = Outgoing::load(packet);
  const Recipient& to = outgoing.destination.to;
  const auto found = peers_.find(to.member.id);
  if (found == peers_.end() || found->second.credit->join() != outgoing.destination.join)
    return port_.release(packet);
  Peer& peer = found->second;
  const ChannelId channel = to.channel;
  PacketCredit& credit = peer.credit->channel(channel);
  const SendResult result = member_.send(to, packet, outgoing.messages);
  assert(result != SendResult::would_block);
  if (result != SendResult::sent) return port_.release(packet);  // this member is none any more
  credit.take_messages(outgoing.messages);
  ++peer.submitted[channel];
}

bool SendCredits::give_back() {
  bool gave = false;
  if (member_.self() != self_) {
    forget_sessions();
    gave = true;
  }
  member_.for_each_moved([&](const Recipient& to, const SendWindow& sending) {
    const auto found = peers_.find(to.member.id);
    if (found == peers_.end() || found->second.key != to.member) return;
    const std::uint64_t submitted = found->second.submitted[to.channel];
    PacketCredit& credit = found->second.credit->channel(to.channel);
    credit.taken(submitted - sending.waiting());
    credit.accepted(submitted - sending.held());
    gave = true;
  });
  return gave;
}

/// They have ended with this member's last incarnation, and hold nothing any more; what the next
/// ones hold they have been given since. Credit is never more than there is, not for a moment: the
/// application looks meanwhile.
void SendCredits::forget_sessions() {
  self_ = member_.self();
  for (const Peer* peer : all_)
    for (ChannelId channel = 0; channel < wire::channels; ++channel) {
      const std::uint64_t gone =
          peer->submitted[channel] - member_.messaging().packets_to_send({peer->key, channel});
      peer->credit->channel(channel).taken(gone);
      peer->credit->channel(channel).accepted(gone);
    }
}

void SendCredits::publish_round_trips(TimeNs now) {
  if (now < next_publish_ns_ || all_.empty()) return;
  next_publish_ns_ = now + publish_interval_ns;
  const Peer& peer = *all_[++published_ % all_.size()];
  if (const auto round_trip = member_.messaging().round_trip_ns(peer.key.id))
    peer.credit->measured(*round_trip);
}

}  // namespace muster
