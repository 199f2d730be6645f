// Who is alive: joining, heartbeats, suspicion and its refutation, death, leave
// (docs/protocol.md, "Membership").
#pragma once

#include <cstdint>
#include <unordered_map>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/membership/contacts.h"
#include "cluster/membership/health.h"
#include "cluster/membership/peer.h"
#include "cluster/membership/tombstones.h"
#include "cluster/membership/trusted.h"
#include "cluster/outbox.h"
#include "cluster/random.h"
#include "cluster/timer_queue.h"
#include "cluster/token_bucket.h"
#include "cluster/wire/parse.h"

namespace muster {

/// Membership's word to the parts that keep something for each member.
class MembershipListener {
 public:
  virtual ~MembershipListener() = default;
  virtual void member_added(const Peer& peer) = 0;
  virtual void member_removed(TimeNs now, const Peer& peer, RemovalReason reason) = 0;
  /// It was removed, and the application has not heard all of that yet: no other incarnation of it
  /// may be added.
  virtual bool still_leaving(MemberId id) const = 0;
  /// How many such there are: they count in members_max.
  virtual std::size_t leaving() const = 0;
  /// This member was removed while it lived, and speaks as a higher incarnation from now on.
  virtual void self_reincarnated(TimeNs now) = 0;
  virtual void standing_changed(TimeNs now, Standing standing) = 0;
  /// What a heartbeat says of this member's directory.
  virtual void describe_directory(wire::Heartbeat& heartbeat) const = 0;
};

struct MembershipStats {
  std::uint64_t suspicions = 0;
  std::uint64_t refutations = 0;
  std::uint64_t removals = 0;
  std::uint64_t reincarnations = 0;     ///< times that this member came back as another incarnation
  std::uint64_t over_limit = 0;         ///< members not taken in: members_max reached
  std::uint64_t late_packets = 0;       ///< of incarnations that are no more
  std::uint64_t false_names = 0;        ///< heartbeats whose sender's id is not that of its name
  std::uint64_t address_conflicts = 0;  ///< packets that others sent from this member's address
};

class Membership {
 public:
  Membership(const MemberConfig& config, Outbox& outbox, Events& events,
             MembershipListener& listener);

  void start(TimeNs now);
  void leave(TimeNs now);

  /// Every packet proves that its sender lives. nullptr: the sender is not a member.
  Peer* heard_from(TimeNs now, const wire::Header& header);

  /// Of `peer`, whom heard_from() has named, or of one who may become a member. False when it says
  /// nothing new: of an incarnation that is no more, or overtaken.
  bool on_heartbeat(TimeNs now, Peer* peer, const wire::Header& header,
                    const wire::HeartbeatView& heartbeat, const Endpoint& from);
  void on_join(const wire::Header& header, const Endpoint& from);
  void on_refuse(TimeNs now, const wire::Header& header, const wire::Refuse& refuse,
                 const Endpoint& from);
  void on_leave(TimeNs now, const wire::Header& header);
  void on_removed(TimeNs now, const wire::Header& header, const wire::Removed& removed,
                  const Endpoint& from);
  void on_probe(const wire::Probe& probe, const Endpoint& from);
  void on_probe_ack(TimeNs now, const wire::Header& header, const wire::ProbeAck& ack);
  void on_probe_request(const wire::ProbeRequest& request, const Endpoint& from);
  void on_introduction_request(TimeNs now, const wire::Header& header,
                               const wire::IntroductionRequest& request, const Endpoint& from);
  void on_introduction(const wire::IntroductionView& introduction, const Endpoint& from);
  /// A packet with this member's own id, of another incarnation.
  void on_namesake(TimeNs now, const wire::Header& header, const wire::Parsed& packet,
                   const Endpoint& from);
  /// A packet of another member, from this member's own address.
  void on_address_shared(TimeNs now, const wire::Header& header, const wire::Parsed& packet);

  TimeNs next_deadline() const {
    return std::min({next_beat_ns_, next_sweep_ns_, timers_.next_ns()});
  }
  void on_deadline(TimeNs now);
  /// This member's own loop was late: its silence about others is its own fault.
  void doubt_self(TimeNs now);

  Standing standing() const { return standing_; }
  bool takes_part() const {
    return standing_ == Standing::joining || standing_ == Standing::member;
  }
  const std::unordered_map<MemberId, Peer>& peers() const { return peers_; }
  const Peer* find(MemberId id) const;
  /// Sum over the living members, itself included, of XXH3-64 of (id, incarnation).
  std::uint64_t view_digest() const { return view_digest_; }
  /// Every member's last heartbeat showed the view that this member has.
  bool views_agree() const;
  /// When refused or replaced.
  const Refusal& refusal() const { return refusal_; }
  const Health& health() const { return health_; }
  const MembershipStats& stats() const { return stats_; }

 private:
  void enter(TimeNs now, Standing standing);
  void beat(TimeNs now);
  DurationNs leave_interval_ns() const;
  void leave_again(TimeNs now);

  // said.cc
  void send_join(const Endpoint& to);
  void send_heartbeat(const Endpoint& to);
  void send_refuse(const Endpoint& to, wire::RefuseReason reason, Incarnation known,
                   const Endpoint& holder);
  void send_removed(const Endpoint& to, Incarnation removed);
  void send_leave();

  /// On another's word. A cluster is of one family, and so is this member's port.
  bool may_be_reached(const Endpoint& at) const {
    return may_be_a_host(at) && at.address.same_family(config_.self.address);
  }

  // introductions.cc
  void meet(const Endpoint& at);
  void meet_stranger(const Endpoint& at);
  void seek();
  void note_view(Peer& peer, const wire::Header& header, const wire::Heartbeat& heartbeat);
  const Peer* some_peer_ahead();
  void ask_for_introductions(const Endpoint& whom);
  void introduce_namesake(const wire::Header& header, const Peer& holder, const Endpoint& from);

  bool admits(TimeNs now, const wire::Header& header, const Endpoint& from);
  void start_anew(TimeNs now, const wire::Header& header, const Endpoint& from);
  void meet_unreached(const wire::Header& header, const Endpoint& at);
  DurationNs longest_silence_ns() const;
  void note_death(TimeNs now);
  bool is_former_life(TimeNs now, const Endpoint& from) const;
  /// It has lost more members than it has left: it is more likely that it was cut off.
  bool outnumbered() const;
  /// It takes in no more, with so many who have yet to leave.
  bool full(std::size_t leaving) const {
    return peers_.size() + leaving + 1 >= config_.membership.members_max;
  }
  void end(TimeNs now, Standing standing, const Refusal& refusal);
  Peer* add(TimeNs now, const wire::Header& header, std::string_view name, const Endpoint& from);
  void remove(TimeNs now, MemberId id, RemovalReason reason);
  void forget_endpoint(const Peer& removed, RemovalReason reason);
  void reincarnate(TimeNs now, Incarnation above);

  // suspicion.cc
  void wait_for(TimeNs now, Peer& peer);
  void wait_for_all(TimeNs now);
  void check_all(TimeNs now);
  void check(TimeNs now, Peer& peer);
  void suspect(TimeNs now, Peer& peer);
  bool hears_nobody() const { return peers_.size() > 1 && trusted_.empty(); }
  void refute(TimeNs now, Peer& peer);
  void probe(TimeNs now, Peer& peer);
  TimeNs due(const Peer& peer) const;
  TimeNs dies(const Peer& peer) const;

  const MemberConfig& config_;
  Outbox& outbox_;
  Events& events_;
  MembershipListener& listener_;
  Random random_;
  Standing standing_ = Standing::idle;
  std::unordered_map<MemberId, Peer> peers_;
  Peer* heard_last_ = nullptr;  ///< bursts come from one
  Trusted trusted_;
  TimerQueue<Peer> timers_;  // of suspects, and of those who are silent for long
  Tombstones tombstones_;
  Contacts contacts_;
  Health health_;
  std::uint64_t view_digest_ = 0;
  TimeNs started_ns_ = 0;
  TimeNs join_ends_ns_ = 0;
  TimeNs next_beat_ns_ = never_ns;   // a join while joining, a heartbeat after that
  TimeNs next_sweep_ns_ = never_ns;  // no peer without a timer is due before this
  int leaves_left_ = 0;
  std::size_t peers_ahead_ = 0;  // those whose last heartbeat was ahead
  const std::uint64_t introduction_nonce_;
  Endpoint introduced_to_;     // as far as the list has been read
  TokenBucket introductions_;  // to be given
  TimeNs last_death_ns_ = 0;
  std::size_t forgotten_ = 0;         // of the dead, when it began anew, and not taken in since
  TimeNs comes_back_ns_ = 0;          // not before, however often it is told that it was removed
  std::uint32_t strangers_left_ = 0;  // to be met on the word of others until the next beat
  Refusal refusal_;
  MembershipStats stats_;
};

}  // namespace muster
