// One member of a cluster: the whole protocol as a machine without I/O. Packets and time go in;
// packets (through PacketPort), deadlines and events come out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "cluster/config.h"
#include "cluster/directory/directory.h"
#include "cluster/events.h"
#include "cluster/membership/membership.h"
#include "cluster/messaging/messaging.h"
#include "cluster/outbox.h"
#include "cluster/paths/paths.h"
#include "cluster/publishing/publishing.h"
#include "cluster/wire/parse.h"

namespace muster {

/// Counted since construction. Packets are counted by wire::Type.
struct MemberStats {
  std::array<std::uint64_t, wire::type_last + 1> received{};
  std::array<std::uint64_t, wire::type_last + 1> sent{};
  std::array<std::uint64_t, wire::reject_count> rejected{};
  std::uint64_t packets_exhausted = 0;  ///< nothing could be sent: the pool was empty
  std::uint64_t stalls = 0;             ///< times that this member's own loop was late
  DurationNs away_ns = 0;               ///< see Member::was_away()
};

/// Not thread-safe: one thread drives it.
class Member final : private MembershipListener {
 public:
  /// `port` and `events` outlive the member.
  Member(const MemberConfig& config, PacketPort& port, Events& events);

  /// Begins to join. Events::on_standing tells how that went.
  void start(TimeNs now);
  /// A received packet; the caller keeps its reference. Any bytes at all may be in it.
  void on_packet(TimeNs now, Packet& packet);
  /// To be called at next_deadline(), or later.
  void on_deadline(TimeNs now);
  TimeNs next_deadline() const;
  /// Sends what this cycle has gathered: changes of the own tree, messages, acknowledgements; and
  /// then does what nobody waited for. Call it once after a burst of the verbs above and of the
  /// requests below.
  void transmit(TimeNs now);
  /// Whoever drives it was away for so long, for a reason of its own: what came meanwhile was late
  /// through no fault of the line (docs/protocol.md §7.4).
  void was_away(DurationNs away_ns) { outbox_.was_away(away_ns); }

  /// Binds `path` in the own part of the tree; a second bind replaces value and attributes. What
  /// lies below "/topics" is reserved (docs/protocol.md §9.1): an invalid path here.
  BindResult bind(std::string_view path, std::span<const std::byte> value,
                  Attributes attributes = {});
  BindResult withdraw(std::string_view path);
  /// The topics and subscriptions too: they end.
  BindResult withdraw_all(TimeNs now);
  /// Everybody who holds something of this tree sees all of it at once, or nothing: see Batch.
  BindResult apply(const Batch& batch);

  /// See Messaging::send().
  SendResult send(const Recipient& to, Packet& packet, std::uint32_t messages);
  /// See Messaging::for_each_moved().
  template <class F>
  void for_each_moved(F&& f) {
    messaging_.for_each_moved(std::forward<F>(f));
  }

  /// Begins to publish a topic. What bind() may refuse is `no_room` here.
  Announced announce(const TopicConfig& topic);
  /// Ends its stream at once, for everybody who follows it; see Topic::packets_held().
  void withdraw_topic(TopicNumber topic);
  /// Begins to follow all who publish the topic, now and later, but this member itself.
  Subscribed subscribe(std::string_view topic, From from = From::now);
  void unsubscribe(SubscriptionNumber subscription);
  /// See Topic::publish(). The packet's reference passes over if it is `sent`.
  PublishOutcome publish(TopicNumber topic, Packet& packet, std::uint32_t messages);
  /// It would be sent, and nobody would be dropped or skip anything.
  bool may_publish(TopicNumber topic) const;

  /// Announces the departure; the standing becomes `left`. All that follows is ignored.
  void leave(TimeNs now);

  Standing standing() const { return membership_.standing(); }
  MemberKey self() const { return outbox_.sender().self; }
  const Membership& membership() const { return membership_; }
  const Directory& directory() const { return directory_; }
  const Messaging& messaging() const { return messaging_; }
  const Publishing& publishing() const { return publishing_; }
  const Paths& paths() const { return paths_; }
  MemberStats stats() const;
  /// Does it hear what others say to the group?
  bool hears_group() const { return config_.multicast; }
  /// Packets kept for membership, up to Outbox::reserve_packets and one for each member whom the
  /// group does not reach: given back by the destructor.
  std::size_t packets_reserved() const { return outbox_.reserved(); }

 private:
  /// What is heard of names is heard by the application, and of roles by publishing_ then.
  class Hearing final : public DirectoryEvents {
   public:
    Hearing(Events& events, Publishing& publishing) : events_(events), publishing_(publishing) {}
    void on_removed(const MemberInfo& member, RemovalReason reason) override {
      events_.on_removed(member, reason);
    }
    void on_bound(const Binding& binding) override {
      events_.on_bound(binding);
      publishing_.on_bound(binding);
    }
    void on_withdrawn(const Binding& binding) override {
      events_.on_withdrawn(binding);
      publishing_.on_withdrawn(binding);
    }
    void on_batch_begin(const MemberKey& owner) override { events_.on_batch_begin(owner); }
    void on_batch_end(const MemberKey& owner) override { events_.on_batch_end(owner); }
    bool ready() const override { return events_.ready(); }
    void on_synchronized() override { events_.on_synchronized(); }

   private:
    Events& events_;
    Publishing& publishing_;
  };

  bool is_closed() const;
  /// Who else has a part in a topic. Once for each path: whom it refuses it tells each time.
  void learn_roles(std::string_view path);
  /// What is bound there, as long as it `goes_on()`; whether that was all.
  template <class GoesOn>
  bool tell_roles(std::string_view path, GoesOn&& goes_on);
  /// Streams that there was no room for are followed where others have ended.
  void take_in_refused();
  void dispatch(TimeNs now, const wire::Parsed& packet, Packet& raw);
  void reject(wire::Reject reason, const wire::Parsed& packet, const Endpoint& from);

  void member_added(const Peer& peer) override;
  void member_removed(TimeNs now, const Peer& peer, RemovalReason reason) override;
  bool still_leaving(MemberId id) const override;
  std::size_t leaving() const override { return directory_.leaving(); }
  void self_reincarnated(TimeNs now) override;
  void standing_changed(TimeNs now, Standing standing) override;
  void describe_directory(wire::Heartbeat& heartbeat) const override;

  MemberConfig config_;
  Events& events_;
  Outbox outbox_;
  Membership membership_;
  Messaging messaging_;
  Publishing publishing_;
  Paths paths_;
  Hearing hearing_;
  Directory directory_;
  MemberStats stats_;
};

}  // namespace muster
