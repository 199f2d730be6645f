// One topic that this member publishes: its stream of packets, and who follows it
// (docs/protocol.md §9).
#pragma once

#include <boost/intrusive/list_hook.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/outbox.h"
#include "cluster/publishing/follower.h"
#include "cluster/publishing/history.h"
#include "cluster/publishing/role.h"
#include "cluster/publishing/stats.h"
#include "cluster/publishing/topic_config.h"

namespace muster {

/// A packet is numbered and written once, and waits in the window of each follower. Where the
/// group's address reaches several of them it goes to all of those at once as long as they are in
/// step; everything else goes to each by itself.
///
/// Allocates when a follower comes.
class Topic : public boost::intrusive::list_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// What all topics of a member have in common.
  struct Shared {
    const MessagingConfig& config;
    Outbox& outbox;
    Events& events;
    PublishingStats& stats;
    MessagingStats& sending;
    TimerQueue<Follower>& timers;
    std::uint64_t& turns;
    bool& ways_left;  ///< packets under way were given up: others may use the way
  };
  /// `first` is the sequence of the first packet.
  Topic(const Shared& shared, const TopicConfig& config, TopicNumber number, Sequence first);

  TopicNumber number() const { return number_; }
  const TopicConfig& config() const { return config_; }
  /// Packets that it may hold.
  static std::size_t packets_max(const TopicConfig& config) {
    return std::size_t{config.history_packets} + config.lag_packets;
  }
  /// Packets that it holds.
  std::size_t packets_held() const;

  Follower* find(MemberId member) const;
  /// The packets of the stream from now on, or earlier ones, are for this member too.
  void add(const MemberKey& member, const SubscriberRole& role, Route& route);
  void remove(MemberId member);
  /// All followers go, and a new stream begins.
  void begin_anew();
  bool has_followers() const { return !followers_.empty(); }

  /// Whoever keeps publish() from going on; nullptr: nobody. Not of those who would be dropped.
  const Follower* in_the_way() const;
  /// By how many packets the slowest follower lags: so many wait for it, or for its word.
  std::size_t lag_packets() const;
  /// Every follower has room for another packet: nobody would be dropped or skip anything.
  bool has_room() const { return lag_packets() < packets_max(config_); }
  /// `messages` end in the packet (see MessageWriter), whose reference passes over if it is sent.
  PublishOutcome publish(Packet& packet, std::uint32_t messages);

  /// Sends up to about `packets_max` of what may go; returns how many it sent.
  std::uint32_t transmit(TimeNs now, std::uint32_t packets_max);
  /// Something may go now.
  bool sendable() const;
  /// Something waits, for a way that is full or for the word of a follower.
  bool wants_to_send() const;

  void on_report(TimeNs now, Follower& follower, std::uint64_t number,
                 const wire::ReportView& report);
  void on_deadline(TimeNs now, Follower& follower);

 private:
  using Followers = std::vector<std::unique_ptr<Follower>>;

  Followers::const_iterator place_of(MemberId member) const;
  /// In the place of whoever was there before.
  void begin(std::unique_ptr<Follower>& place, const Follower::Identity& identity, Route& route);
  void begin_again(const Follower& refused);
  void refuse(TimeNs now, Follower& follower);
  void make_room(Follower& follower, bool begins);
  void skip(Follower& follower, bool begins);
  void write_head(Packet& packet);
  void remember(Packet& packet, std::uint32_t messages, bool begins);
  void offer(Follower& follower, Packet& packet, std::uint32_t messages);
  void begin_those_who_wait();
  void send_unreliable(Packet& packet);

  bool is_slowed() const {
    return config_.kind == TopicKind::reliable && config_.slow == SlowSubscriber::slows;
  }
  bool by_group() const;
  /// As far as what has not gone to the group may be sent to this one.
  Sequence end_for(const Follower& follower) const;
  bool in_step(Follower& follower) const;
  bool group_may_go() const;
  void advance_group();
  std::uint32_t send_to_group(TimeNs now, std::uint32_t packets_max);
  void arm(Follower& follower) { shared_.timers.arm(follower, follower.deadline()); }

  const Shared shared_;
  const TopicConfig config_;
  const TopicNumber number_;
  MessagingConfig window_;  ///< of each follower
  Sequence next_;           ///< the next packet to be published
  Sequence to_group_;       ///< the next to be sent to the group
  bool open_ = false;       ///< a message goes on in the next packet
  Sequence begun_ = 0;      ///< where the message that came last begins
  Sequence value_ = 0;      ///< where the latest whole message begins; 0: there is none
  History history_;
  std::size_t reached_ = 0;   ///< followers whom the group's address reaches
  std::size_t had_turn_ = 0;  ///< whoever is behind it comes first
  Followers followers_;       ///< in ascending order of ids
};

}  // namespace muster
