// Reliable channels between this member and each of the others (docs/protocol.md §7).
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/messaging/send.h"
#include "cluster/messaging/session.h"
#include "cluster/messaging/stats.h"
#include "cluster/outbox.h"
#include "cluster/wire/parse.h"

namespace muster {

/// On each channel to each receiver: packets exactly once, in order, unchanged; or
/// Events::on_undelivered. What messages are in them is the application's matter.
/// Not thread-safe. Allocates in add_peer(), at the first use of a channel, and in the constructor.
class Messaging {
 public:
  /// `outbox` and `events` outlive it.
  Messaging(const MessagingConfig& config, Outbox& outbox, Events& events);

  /// A session with this incarnation begins (docs/protocol.md §7.1). Its predecessor was removed
  /// before.
  void add_peer(const MemberKey& peer, const Endpoint& endpoint);
  /// Ends the session (docs/protocol.md §7.5): what was not acknowledged is reported, and what the
  /// peer sent and the application had not accepted is discarded.
  void remove_peer(MemberId id);
  /// All peers: this member has left or was removed.
  void clear();

  /// This member is a new incarnation of itself: all sessions end, and begin with the same peers
  /// (docs/protocol.md §7.6).
  void begin_anew();

  /// A session packet that parse() has accepted, from anybody. True: as on_deadline().
  bool on_session(TimeNs now, const wire::Header& header, const wire::SessionView& view,
                  Packet& packet);
  /// Never later than it must be; it may be earlier.
  TimeNs next_deadline() const;
  /// True: a way is free that was not, for others as well.
  bool on_deadline(TimeNs now);
  /// At the end of a burst: offers again what the application refused, sends what may go, and
  /// acknowledges what no packet of data has acknowledged: at once what tells of a loss or of room,
  /// else eight packets together, or what has waited for 2 us. So an application that answers by
  /// then spares a packet, and of a stream that flows seven in eight are spared.
  void transmit(TimeNs now);
  /// After transmit(): takes in what acknowledgements said before that one, as far as nothing
  /// waited for it, so that an answer goes first. True: as on_deadline().
  bool settle(TimeNs now);

  /// Queues a packet of messages (see MessageWriter), of which `messages` end in it; transmit()
  /// sends it. Its reference passes over if the result is `sent`, and stays with the caller if not.
  /// A packet that goes on with a message which began in an earlier session (begin_anew()) is
  /// dropped, and what ends in it reported.
  SendResult send(const Recipient& to, Packet& packet, std::uint32_t messages);
  /// Packets of a channel that are queued or not acknowledged.
  std::size_t packets_to_send(const Recipient& to) const;

  /// Calls `f(const Recipient&, const SendWindow&)` for each channel that packets to send have come
  /// to, or that has sent or been acknowledged some, since the last time. One whose session has
  /// ended is not among them.
  template <class F>
  void for_each_moved(F&& f) {
    for (; !moved_.empty(); moved_.pop_front()) {
      const Channel& channel = moved_.front();
      f(Recipient{channel.session().peer(), channel.id()}, channel.sending());
    }
  }

  /// All channels together hold no more packets than they may, queued or not acknowledged, and
  /// with them `unsent`, those that were given out and have not come to send(): whoever gives
  /// packets asks before he takes one from the pool.
  bool may_send(std::size_t unsent = 0) const {
    return packets_to_send_ + unsent < config_.send_packets;
  }
  /// They hold more than half of that. A channel gets no more than crowded_packets then, so that
  /// some who take nothing leave room for the others.
  bool crowded(std::size_t unsent = 0) const {
    return packets_to_send_ + unsent > config_.send_packets / 2;
  }
  /// The same for one channel. In the middle of a message (`goes_on`) it is always given one
  /// packet: the receiver may take no other message until it has all of that one.
  bool may_send(const Recipient& to, bool goes_on, std::size_t unsent = 0) const;

  /// Of the message that has begun on a channel from this member, as far as the application has
  /// accepted it, and has not ended; 0: none has.
  std::uint32_t begun_bytes(const Recipient& from) const;

  /// The way to a member, which others may use as well; nullptr for strangers. It ends with
  /// remove_peer(), clear() and begin_anew().
  Route* route(MemberId id) const;
  /// Others will send on the way to this member.
  void begin_use(MemberId id);
  /// Calls `f(const MemberKey&, const Endpoint&)` for each way that is used since the last time.
  template <class F>
  void for_each_begun(F&& f) {
    for (const MemberId id : begun_)
      if (const Session* session = find(id)) f(session->peer(), session->route().endpoint);
    begun_.clear();
  }
  /// Others have heard something of what they sent on the way to this member, or have left it:
  /// packets of a session may have been overtaken, or may go now.
  void way_has_changed(TimeNs now, MemberId id);
  /// The same, to any of them.
  void ways_have_changed(TimeNs now);
  /// Others hold packets for later within the same limit.
  HoldingLimit& holding_limit() { return limit_; }

  /// Smoothed; nullopt before the first sample, and for strangers.
  std::optional<DurationNs> round_trip_ns(MemberId id) const;
  /// Packets to a member, on all channels, of which nothing is known yet; 0 for strangers.
  std::uint32_t packets_in_flight(MemberId id) const;
  const MessagingStats& stats() const { return stats_; }
  /// Received, and held for later: at most MessagingConfig::held_packets, and one for each channel.
  std::uint32_t packets_held() const { return limit_.held(); }

 private:
  template <class Tag>
  using ChannelList =
      boost::intrusive::list<Channel, boost::intrusive::base_hook<ChannelListHook<Tag>>,
                             boost::intrusive::constant_time_size<false>>;

  Session* find(MemberId id) const;
  Channel& open(Session& session, ChannelId id);
  const Channel* find(const Recipient& to) const;
  void way_has_changed(TimeNs now, Session& session);
  /// Calls `f(SendWindow&)`, which takes in what the peer says, and does what follows from it.
  template <class TakeIn>
  void acknowledge(TimeNs now, Channel& channel, TakeIn&& f);
  /// For settle().
  void keep(TimeNs now, Channel& channel, std::uint64_t number, const wire::Acknowledgement& said);
  /// What was kept, if anything was.
  bool take_in(TimeNs now, Channel& channel);
  void receive(TimeNs now, Channel& channel, const wire::SessionView& view, Packet& packet);
  bool offer(Channel& channel, Packet& packet, std::uint32_t opens_bytes);
  void deliver(TimeNs now, Channel& channel);
  /// So many packets more are to be acknowledged.
  void owe(TimeNs now, Channel& channel, std::uint32_t packets);
  void send_data(TimeNs now);
  void send_acknowledgements(TimeNs now);
  void end(Session& session);
  SendResult abandon(Channel& channel, Packet& packet, std::uint32_t messages);

  const MessagingConfig config_;
  Outbox& outbox_;
  Events& events_;
  MessagingStats stats_;
  HoldingLimit limit_;
  const Channel::Shared shared_;
  ChannelList<MaySend> may_send_;
  ChannelList<OwesAcknowledgement> owing_acknowledgement_;  ///< whoever owes longest comes first
  ChannelList<OwesAcknowledgement> due_acknowledgement_;
  ChannelList<OwesDelivery> owing_delivery_;
  ChannelList<HasNews> fresh_news_;  ///< come since the last settle()
  ChannelList<HasNews> news_;
  ChannelList<HasMoved> moved_;
  TimerQueue<Channel> timers_;
  std::vector<MemberId> begun_;  ///< ways that are used since for_each_begun()
  std::size_t packets_to_send_ = 0;
  TimeNs settle_ns_ = never_ns;  ///< there is news, or was in the last cycle
  TimeNs go_on_ns_ = never_ns;   ///< the last transmit() left something for the next
  std::unordered_map<MemberId, std::unique_ptr<Session>> sessions_;
  mutable Session* found_last_ = nullptr;  ///< bursts come from one, and go to one
};

}  // namespace muster
