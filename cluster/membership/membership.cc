#include "cluster/membership/membership.h"

#include <algorithm>
#include <vector>

#include <xxhash.h>

namespace muster {
namespace {

/// Joins sent while listening for a refusal, at least; and one in each heartbeat interval, since
/// those whom the group does not reach speak to a joiner only in answer to it.
constexpr DurationNs joins_while_listening = 4;
/// How far beyond a removed incarnation one comes back, at most. Somebody who is not here now may
/// know the very next one already: of a former life, where the clock was set back since.
constexpr Incarnation comeback_max = 1 << 20;
/// Introductions given in one heartbeat interval, if it is not a very short one: they go to whoever
/// asks, at whatever address it claims to have.
constexpr std::uint32_t introductions_max = 64;
constexpr DurationNs introductions_interval_min_ns = 50 * ms;
/// Leaves said at once, in case that nobody drives this member any more, and then one by one: what
/// loses some at once does not lose all.
constexpr int leaves_at_once = 2;
constexpr int leaves_later = 2;
/// However slow the heartbeats are: a process that ends waits no longer than this.
constexpr DurationNs leaves_within_ns = 100 * ms;

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
      contacts_(config.seeds, config.self),
      health_(config.membership.suspect_after_ns),
      introduction_nonce_(random_.next()),
      introductions_(introductions_max, std::max(config.membership.heartbeat_interval_ns,
                                                 introductions_interval_min_ns)) {
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
  if (!takes_part()) {
    next_beat_ns_ = next_sweep_ns_ = never_ns;
    timers_.clear();
  }
  listener_.standing_changed(now, standing);
}

/// docs/protocol.md §4.1.
void Membership::start(TimeNs now) {
  started_ns_ = now;
  join_ends_ns_ = now + config_.membership.join_listen_ns;
  next_beat_ns_ = now;
  enter(now, Standing::joining);
}

void Membership::leave(TimeNs now) {
  if (!takes_part()) return;
  const bool was_member = standing_ == Standing::member;
  enter(now, Standing::left);
  if (!was_member) return;
  for (int i = 0; i < leaves_at_once; ++i) send_leave();
  leaves_left_ = leaves_later;
  next_beat_ns_ = now + leave_interval_ns();
}

DurationNs Membership::leave_interval_ns() const {
  return std::min(config_.membership.heartbeat_interval_ns, leaves_within_ns) / (leaves_later + 1);
}

void Membership::leave_again(TimeNs now) {
  send_leave();
  next_beat_ns_ = --leaves_left_ > 0 ? now + leave_interval_ns() : never_ns;
}

void Membership::end(TimeNs now, Standing standing, const Refusal& refusal) {
  refusal_ = refusal;
  enter(now, standing);
}

// What is heard.

/// docs/protocol.md §5.3, §5.5.
Peer* Membership::heard_from(TimeNs now, const wire::Header& header) {
  const MemberId id{std::uint64_t{header.sender}};
  if (heard_last_ == nullptr || heard_last_->key.id != id) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return nullptr;
    heard_last_ = &found->second;
  }
  if (heard_last_->key.incarnation != header.incarnation) return nullptr;
  Peer& peer = *heard_last_;
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

/// docs/protocol.md §5.2.
bool Membership::on_heartbeat(TimeNs now, Peer* peer, const wire::Header& header,
                              const wire::HeartbeatView& heartbeat, const Endpoint& from) {
  if (peer == nullptr && admits(now, header, from)) peer = add(now, header, heartbeat.name, from);
  if (peer == nullptr || header.packet_number < peer->packet_number) return false;
  peer->view_digest = heartbeat.body->view_digest;
  note_view(*peer, header, *heartbeat.body);
  return true;
}

/// May this incarnation become a member? What was removed is told so, and comes back higher; or, if
/// this member has lost most of the others, it is this one that comes back (docs/protocol.md §5.7).
bool Membership::admits(TimeNs now, const wire::Header& header, const Endpoint& from) {
  const MemberKey key = wire::sender_of(header);
  if (const Peer* known = find(key.id);
      known != nullptr && known->key.incarnation > key.incarnation) {
    ++stats_.late_packets;  // its successor's heartbeats tell it
    introduce_namesake(header, *known, from);
    return false;
  }
  if (const Incarnation removed = tombstones_.last(key.id); removed >= key.incarnation) {
    ++stats_.late_packets;
    if (tombstones_.has_died(key.id) && outnumbered())
      start_anew(now, header, from);
    else
      send_removed(from, removed);
    return false;
  }
  return !listener_.still_leaving(key.id);
}

Peer* Membership::add(TimeNs now, const wire::Header& header, std::string_view name,
                      const Endpoint& from) {
  const MemberKey key = wire::sender_of(header);
  if (member_id(name) != key.id) {
    ++stats_.false_names;
    return nullptr;
  }
  if (find(key.id) != nullptr) remove(now, key.id, RemovalReason::replaced);
  if (listener_.still_leaving(key.id)) return nullptr;
  if (full(listener_.leaving())) {
    ++stats_.over_limit;
    return nullptr;
  }
  Peer& peer = peers_[key.id];
  peer.key = key;
  peer.name = name;
  peer.endpoint = from;
  peer.hears_group = wire::hears_group(header);
  peer.last_heard_ns = now;
  peer.packet_number = header.packet_number;
  tombstones_.came_back(key.id);
  if (forgotten_ > 0) --forgotten_;
  trusted_.add(peer);
  wait_for(now, peer);
  view_digest_ += digest_of(key);
  if (!outbox_.audience().reaches(peer.hears_group)) outbox_.include(from);
  contacts_.met(from);
  listener_.member_added(peer);
  return &peer;
}

void Membership::remove(TimeNs now, MemberId id, RemovalReason reason) {
  heard_last_ = nullptr;
  auto node = peers_.extract(id);
  const Peer& peer = node.mapped();
  if (!peer.suspected) trusted_.remove(peer);
  peers_ahead_ -= peer.ahead > 0 ? 1 : 0;
  if (reason == RemovalReason::died) note_death(now);
  tombstones_.add(peer.key, reason == RemovalReason::died);
  forget_endpoint(peer, reason);
  view_digest_ -= digest_of(peer.key);
  ++stats_.removals;
  listener_.member_removed(now, peer, reason);
}

/// After so long the least healthy member declares a silent one dead.
DurationNs Membership::longest_silence_ns() const {
  return (Health::score_max + 1) *
         (config_.membership.suspect_after_ns + config_.membership.dead_after_ns);
}

/// Deaths that follow each other closely are one outage. What died before it, one now and one then,
/// speaks against nobody; but an outage in which most were lost lasts until they are heard again.
void Membership::note_death(TimeNs now) {
  if (now > last_death_ns_ + longest_silence_ns() && !outnumbered()) {
    tombstones_.bury();
    forgotten_ = 0;
  }
  last_death_ns_ = now;
}

bool Membership::outnumbered() const { return tombstones_.died() + forgotten_ > peers_.size() + 1; }

/// Nobody is at the endpoint of the removed any more, unless another member has taken it.
void Membership::forget_endpoint(const Peer& removed, RemovalReason reason) {
  const Audience& audience = outbox_.audience();
  const bool lost = reason == RemovalReason::died && !audience.reaches(removed.hears_group);
  const bool known = audience.includes(removed.endpoint) || contacts_.includes(removed.endpoint);
  if (!lost && !known) return;
  const auto is_there = [&](const auto& entry) {
    return entry.second.endpoint == removed.endpoint;
  };
  if (std::ranges::any_of(peers_, is_there)) return;
  outbox_.exclude(removed.endpoint);
  if (lost)
    contacts_.lost(removed.endpoint);
  else
    contacts_.left(removed.endpoint);
}

/// docs/protocol.md §4.3.
void Membership::on_join(const wire::Header& header, const Endpoint& from) {
  const MemberKey key = wire::sender_of(header);
  const Peer* peer = find(key.id);
  Incarnation known = tombstones_.last(key.id);
  if (peer != nullptr && peer->key.incarnation > key.incarnation) known = peer->key.incarnation;
  if (known >= key.incarnation)
    send_refuse(from, wire::RefuseReason::stale_incarnation, known, {});
  else if (peer != nullptr)
    introduce_namesake(header, *peer, from);
  else if (standing_ == Standing::member && full(0))
    send_refuse(from, wire::RefuseReason::cluster_full, key.incarnation, {});
  if (standing_ == Standing::member && !outbox_.audience().reaches(wire::hears_group(header)))
    send_heartbeat(from);
}

/// Only the holder itself can refuse for good.
void Membership::on_refuse(TimeNs now, const wire::Header& header, const wire::Refuse& refuse,
                           const Endpoint& from) {
  if (wire::RefuseReason{refuse.reason} == wire::RefuseReason::stale_incarnation) {
    if (standing_ == Standing::joining &&
        refuse.known_incarnation >= outbox_.sender().self.incarnation)
      reincarnate(now, refuse.known_incarnation);
    return;
  }
  if (wire::RefuseReason{refuse.reason} == wire::RefuseReason::cluster_full) {
    if (standing_ == Standing::joining &&
        refuse.known_incarnation == outbox_.sender().self.incarnation)
      end(now, Standing::refused, {Refusal::Why::cluster_full, from});
    return;
  }
  const Endpoint holder = wire::endpoint_of(refuse.holder);
  if (holder != from) return meet_stranger(holder);
  if (standing_ != Standing::joining || wire::sender_of(header).id != outbox_.sender().self.id)
    return;
  end(now, Standing::refused, {Refusal::Why::name_in_use, from});
}

/// docs/protocol.md §5.6.
void Membership::on_leave(TimeNs now, const wire::Header& header) {
  const MemberKey key = wire::sender_of(header);
  const Peer* peer = find(key.id);
  if (peer != nullptr && peer->key == key) remove(now, key.id, RemovalReason::left);
}

/// docs/protocol.md §5.7.
void Membership::on_removed(TimeNs now, const wire::Header& header, const wire::Removed& removed,
                            const Endpoint& from) {
  if (removed.incarnation < outbox_.sender().self.incarnation || now < comes_back_ns_) return;
  comes_back_ns_ = now + config_.membership.heartbeat_interval_ns;
  reincarnate(now, removed.incarnation);
  meet_unreached(header, from);
}

/// Says itself to one whom its heartbeats do not reach.
void Membership::meet_unreached(const wire::Header& header, const Endpoint& at) {
  const Audience& audience = outbox_.audience();
  if (!audience.reaches(wire::hears_group(header)) && !audience.includes(at)) meet(at);
}

/// One of those whom it has lost is there, as it was: so it has not died.
void Membership::start_anew(TimeNs now, const wire::Header& header, const Endpoint& from) {
  reincarnate(now, outbox_.sender().self.incarnation);
  meet_unreached(header, from);
}

/// Nobody else is at this address, so it spoke from there before: who has just started may hear a
/// late packet of its predecessor, whose clock was ahead.
bool Membership::is_former_life(TimeNs now, const Endpoint& from) const {
  return from == config_.self && now < started_ns_ + longest_silence_ns();
}

/// Two with one name (docs/protocol.md §4.4): whoever lives already stays, and the newcomer is told
/// before it is a member. A newcomer that did not hear so (or whose predecessor was paused) takes
/// over.
void Membership::on_namesake(TimeNs now, const wire::Header& header, const wire::Parsed& packet,
                             const Endpoint& from) {
  const Incarnation mine = outbox_.sender().self.incarnation;
  if (std::holds_alternative<wire::JoinView>(packet.body)) {
    if (standing_ == Standing::member || mine < header.incarnation)
      send_refuse(from, wire::RefuseReason::name_in_use, mine, config_.self);
  } else if (const auto* refuse = std::get_if<const wire::Refuse*>(&packet.body)) {
    on_refuse(now, header, **refuse, from);
  } else if (std::holds_alternative<wire::HeartbeatView>(packet.body)) {
    if (header.incarnation < mine) return meet(from);
    if (is_former_life(now, from)) return reincarnate(now, header.incarnation);
    end(now, Standing::replaced, {Refusal::Why::name_in_use, from});
  }
}

/// Two with one address (docs/protocol.md §4.7): as with one name, whoever lives already stays.
void Membership::on_address_shared(TimeNs now, const wire::Header& header,
                                   const wire::Parsed& packet) {
  ++stats_.address_conflicts;
  if (standing_ != Standing::joining) return;
  const bool joins_too = std::holds_alternative<wire::JoinView>(packet.body);
  if (joins_too && header.incarnation > outbox_.sender().self.incarnation) return;
  end(now, Standing::refused, {Refusal::Why::address_in_use, config_.self});
}

void Membership::reincarnate(TimeNs now, Incarnation above) {
  if (above == UINT64_MAX) return;  // nobody has lived that often
  const MemberKey before = outbox_.sender().self;
  // A successor outbids its predecessor, which may come back too.
  if (standing_ == Standing::joining) above += std::min(comeback_max, UINT64_MAX - 1 - above);
  const Incarnation highest = above + std::min(comeback_max, UINT64_MAX - above);
  outbox_.reincarnate(above + 1 + random_.below(highest - above));
  if (outnumbered()) {
    forgotten_ += tombstones_.died();
    tombstones_.forget_died();
  }
  view_digest_ += digest_of(outbox_.sender().self) - digest_of(before);
  ++stats_.reincarnations;
  listener_.self_reincarnated(now);
  if (standing_ == Standing::joining) {
    join_ends_ns_ = now + config_.membership.join_listen_ns;
    next_beat_ns_ = now;
  } else {
    next_beat_ns_ = now + config_.membership.heartbeat_interval_ns;
    send_heartbeat(config_.group);
  }
}

// What is due.

/// docs/protocol.md §4.2: a joiner that was not refused is a member.
void Membership::on_deadline(TimeNs now) {
  if (standing_ == Standing::left) return leave_again(now);
  if (standing_ == Standing::joining && now >= join_ends_ns_) {
    next_beat_ns_ = now;
    enter(now, Standing::member);
  }
  if (now >= next_beat_ns_) beat(now);
  check_all(now);
}

void Membership::beat(TimeNs now) {
  if (health_.prove(now)) wait_for_all(now);  // what is due has come nearer
  if (standing_ == Standing::member) {
    next_beat_ns_ = now + config_.membership.heartbeat_interval_ns;
    send_heartbeat(config_.group);
  } else {
    const DurationNs pause_ns = std::min(config_.membership.heartbeat_interval_ns,
                                         config_.membership.join_listen_ns / joins_while_listening);
    next_beat_ns_ = std::min(now + pause_ns, join_ends_ns_);
    send_join(config_.group);
  }
  seek();
}

}  // namespace muster
