#include "cluster/membership/membership.h"

#include <algorithm>
#include <vector>

#include <xxhash.h>

namespace muster {
namespace {

/// Joins sent while listening for a refusal.
constexpr DurationNs joins_while_listening = 4;
/// How far beyond a removed incarnation one comes back, at most. Somebody who is not here now may
/// know the very next one already: of a former life, where the clock was set back since.
constexpr Incarnation comeback_max = 1 << 20;
/// Leaves sent: one may be lost, and nothing repeats it later.
constexpr int leaves_sent = 3;

std::uint64_t digest_of(const MemberKey& key) {
  return XXH3_64bits_withSeed(&key.id, sizeof key.id, key.incarnation);
}

}  // namespace

Membership::Membership(const MemberConfig& config, Outbox& outbox, Events& events,
                       MembershipListener& listener)
    : config_(config),
      outbox_(outbox),
      events_(events),
      listener_(listener),
      random_(config.seed),
      tombstones_(2 * std::size_t{config.membership.members_max}),
      health_(config.membership.suspect_after_ns) {
  view_digest_ = digest_of(outbox.sender().self);
}

const Peer* Membership::find(MemberId id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

bool Membership::views_agree() const {
  for (const auto& [id, peer] : peers_)
    if (peer.view_digest != view_digest_) return false;
  return true;
}

void Membership::enter(TimeNs now, Standing standing) {
  standing_ = standing;
  if (!takes_part()) next_beat_ns_ = next_check_ns_ = never_ns;
  listener_.standing_changed(now, standing);
}

void Membership::start(TimeNs now) {
  join_ends_ns_ = now + config_.membership.join_listen_ns;
  next_beat_ns_ = now;
  enter(now, Standing::joining);
}

void Membership::leave(TimeNs now) {
  if (standing_ == Standing::member)
    for (int i = 0; i < leaves_sent; ++i)
      if (Packet* packet = outbox_.open(wire::Type::leave)) outbox_.send(*packet, config_.group);
  if (takes_part()) enter(now, Standing::left);
}

// What is heard.

Peer* Membership::heard_from(TimeNs now, const wire::Header& header) {
  const auto found = peers_.find(MemberId{std::uint64_t{header.sender}});
  if (found == peers_.end() || found->second.key.incarnation != header.incarnation) return nullptr;
  Peer& peer = found->second;
  if (header.packet_number > peer.packet_number) {
    peer.packet_number = header.packet_number;
    peer.last_heard_ns = now;
    if (peer.suspected) {
      health_.blame(now);  // it could be heard, and was not
      refute(now, peer);
    }
  }
  return &peer;
}

bool Membership::on_heartbeat(TimeNs now, const wire::Header& header,
                              const wire::HeartbeatView& heartbeat, const Endpoint& from) {
  Peer* peer = heard_from(now, header);
  if (peer == nullptr && admits(header, from)) peer = add(now, header, heartbeat.name, from);
  if (peer == nullptr || header.packet_number < peer->packet_number) return false;
  peer->view_digest = heartbeat.body->view_digest;
  return true;
}

/// May this incarnation become a member? What was removed is told so, and comes back higher.
bool Membership::admits(const wire::Header& header, const Endpoint& from) {
  const MemberKey key = wire::sender_of(header);
  if (const Peer* known = find(key.id);
      known != nullptr && known->key.incarnation > key.incarnation) {
    ++stats_.late_packets;  // its successor's heartbeats tell it
    return false;
  }
  if (const Incarnation removed = tombstones_.last(key.id); removed >= key.incarnation) {
    ++stats_.late_packets;
    send_removed(from, removed);
    return false;
  }
  return !listener_.still_leaving(key.id);
}

Peer* Membership::add(TimeNs now, const wire::Header& header, std::string_view name,
                      const Endpoint& from) {
  const MemberKey key = wire::sender_of(header);
  if (find(key.id) != nullptr) remove(now, key.id, RemovalReason::replaced);
  if (listener_.still_leaving(key.id)) return nullptr;
  if (peers_.size() + 1 >= config_.membership.members_max) {
    ++stats_.over_limit;
    return nullptr;
  }
  Peer& peer = peers_[key.id];
  peer = {.key = key,
          .name = std::string(name),
          .endpoint = from,
          .last_heard_ns = now,
          .packet_number = header.packet_number};
  view_digest_ += digest_of(key);
  next_check_ns_ = std::min(next_check_ns_, due(peer));
  listener_.member_added(peer);
  return &peer;
}

void Membership::remove(TimeNs now, MemberId id, RemovalReason reason) {
  auto node = peers_.extract(id);
  const Peer& peer = node.mapped();
  tombstones_.add(peer.key);
  view_digest_ -= digest_of(peer.key);
  ++stats_.removals;
  listener_.member_removed(now, peer, reason);
}

void Membership::on_join(const wire::Header& header, const Endpoint& from) {
  const MemberKey key = wire::sender_of(header);
  Incarnation known = tombstones_.last(key.id);
  if (const Peer* peer = find(key.id); peer != nullptr && peer->key.incarnation > key.incarnation)
    known = peer->key.incarnation;
  if (known >= key.incarnation) send_refuse(from, wire::RefuseReason::stale_incarnation, known);
}

void Membership::on_refuse(TimeNs now, const wire::Refuse& refuse, const Endpoint& from) {
  if (standing_ != Standing::joining) return;
  if (wire::RefuseReason{refuse.reason} == wire::RefuseReason::stale_incarnation) {
    if (refuse.known_incarnation >= outbox_.sender().self.incarnation)
      reincarnate(now, refuse.known_incarnation);
    return;
  }
  refused_by_ = from;
  enter(now, Standing::refused);
}

void Membership::on_leave(TimeNs now, const wire::Header& header) {
  const MemberKey key = wire::sender_of(header);
  const Peer* peer = find(key.id);
  if (peer != nullptr && peer->key == key) remove(now, key.id, RemovalReason::left);
}

void Membership::on_removed(TimeNs now, const wire::Removed& removed) {
  if (removed.incarnation >= outbox_.sender().self.incarnation)
    reincarnate(now, removed.incarnation);
}

/// Two with one name: whoever lives already stays, and the newcomer is told before it is a
/// member. A newcomer that did not hear so (or whose predecessor was paused) takes over.
void Membership::on_namesake(TimeNs now, const wire::Header& header, const wire::Parsed& packet,
                             const Endpoint& from) {
  const Incarnation mine = outbox_.sender().self.incarnation;
  if (std::holds_alternative<wire::JoinView>(packet.body)) {
    if (standing_ == Standing::member || mine < header.incarnation)
      send_refuse(from, wire::RefuseReason::name_in_use, mine);
  } else if (const auto* refuse = std::get_if<const wire::Refuse*>(&packet.body)) {
    on_refuse(now, **refuse, from);
  } else if (std::holds_alternative<wire::HeartbeatView>(packet.body) &&
             header.incarnation > mine) {
    refused_by_ = from;
    enter(now, Standing::replaced);
  }
}

void Membership::reincarnate(TimeNs now, Incarnation above) {
  if (above == UINT64_MAX) return;  // nobody has lived that often
  const MemberKey before = outbox_.sender().self;
  const Incarnation highest = above + std::min(comeback_max, UINT64_MAX - above);
  outbox_.reincarnate(above + 1 + random_.below(highest - above));
  view_digest_ += digest_of(outbox_.sender().self) - digest_of(before);
  ++stats_.reincarnations;
  listener_.self_reincarnated(before);
  if (standing_ == Standing::joining) {
    join_ends_ns_ = now + config_.membership.join_listen_ns;
    next_beat_ns_ = now;
  } else {
    next_beat_ns_ = now + config_.membership.heartbeat_interval_ns;
    send_heartbeat();
  }
}

// What is said.

void Membership::send_join() {
  Packet* packet = outbox_.open(wire::Type::join);
  if (packet == nullptr) return;
  append(*packet, wire::Join{.name_length = static_cast<std::uint8_t>(config_.name.size())});
  append(*packet, std::as_bytes(std::span(config_.name)));
  outbox_.send(*packet, config_.group);
}

void Membership::send_heartbeat() {
  Packet* packet = outbox_.open(wire::Type::heartbeat);
  if (packet == nullptr) return;
  wire::Heartbeat& heartbeat = append(*packet, wire::Heartbeat{});
  listener_.describe_directory(heartbeat);
  heartbeat.view_digest = view_digest_;
  heartbeat.members_alive = static_cast<std::uint16_t>(peers_.size() + 1);
  heartbeat.name_length = static_cast<std::uint8_t>(config_.name.size());
  append(*packet, std::as_bytes(std::span(config_.name)));
  outbox_.send(*packet, config_.group);
}

void Membership::send_refuse(const Endpoint& to, wire::RefuseReason reason, Incarnation known) {
  Packet* packet = outbox_.open(wire::Type::refuse);
  if (packet == nullptr) return;
  append(*packet,
         wire::Refuse{.reason = static_cast<std::uint8_t>(reason), .known_incarnation = known});
  outbox_.send(*packet, to);
}

void Membership::send_removed(const Endpoint& to, Incarnation removed) {
  Packet* packet = outbox_.open(wire::Type::removed);
  if (packet == nullptr) return;
  append(*packet, wire::Removed{.incarnation = removed});
  outbox_.send(*packet, to);
}

// What is due.

void Membership::on_deadline(TimeNs now) {
  if (standing_ == Standing::joining && now >= join_ends_ns_) {
    next_beat_ns_ = now;
    enter(now, Standing::member);
  }
  if (now >= next_beat_ns_) {
    if (health_.prove(now)) next_check_ns_ = now;  // what is due has come nearer
    if (standing_ == Standing::member) {
      send_heartbeat();
      next_beat_ns_ = now + config_.membership.heartbeat_interval_ns;
    } else {
      send_join();
      next_beat_ns_ =
          std::min(now + config_.membership.join_listen_ns / joins_while_listening, join_ends_ns_);
    }
  }
  if (now < next_check_ns_) return;
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

}  // namespace muster
