// Messages and calls between this member and each of the others.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/messaging/call_table.h"
#include "cluster/messaging/send.h"
#include "cluster/messaging/session.h"
#include "cluster/messaging/stats.h"
#include "cluster/outbox.h"
#include "cluster/wire/parse.h"

namespace muster {

struct MessageHead;

/// To each receiver: exactly once, in order, unchanged; or Events::on_undelivered.
/// Not thread-safe. Allocates in add_peer() and in the constructor only.
class Messaging {
 public:
  /// `outbox` and `events` outlive it.
  Messaging(const MessagingConfig& config, Outbox& outbox, Events& events);

  /// A session with this incarnation begins (docs/protocol.md §7.1). Its predecessor was removed
  /// before.
  void add_peer(const MemberKey& peer, const Endpoint& endpoint);
  /// Ends the session (docs/protocol.md §7.5): what was not acknowledged is reported, calls to the
  /// member end with member_removed, and what it sent and the application had not accepted is
  /// discarded.
  void remove_peer(MemberId id);
  /// All peers: this member has left or was removed.
  void clear();

  /// A session packet that parse() has accepted, from anybody.
  void on_session(TimeNs now, const wire::Header& header, const wire::SessionView& view,
                  Packet& packet);
  /// Never later than it must be; it may be earlier.
  TimeNs next_deadline() const;
  void on_deadline(TimeNs now);
  /// At the end of a burst: offers again what the application refused, and acknowledges.
  void transmit();

  /// The packet's reference passes over if the result is `sent`, and stays with the caller if not.
  SendResult send(TimeNs now, MemberId to, Packet& packet, std::size_t payload_bytes);
  /// would_block also while a call with this id is in flight.
  SendResult call(TimeNs now, MemberId to, CallId call, std::string_view path, Packet& packet,
                  std::size_t payload_bytes, DurationNs deadline_ns);
  SendResult reply(TimeNs now, const MemberKey& to, CallId call, CallStatus status, Packet& packet,
                   std::size_t payload_bytes);
  /// The answer, should it come, is dropped.
  void cancel(CallId call);

  /// Smoothed; nullopt before the first sample, and for strangers.
  std::optional<DurationNs> round_trip_ns(MemberId id) const;
  const MessagingStats& stats() const { return stats_; }

 private:
  struct TimerOf {
    using type = TimeNs;
    TimeNs operator()(const Session& session) const { return session.timer_ns; }
  };
  template <class Tag>
  using SessionList =
      boost::intrusive::list<Session, boost::intrusive::base_hook<SessionListHook<Tag>>,
                             boost::intrusive::constant_time_size<false>>;
  using SessionTimers =
      boost::intrusive::multiset<Session, boost::intrusive::base_hook<SessionTimerHook>,
                                 boost::intrusive::key_of_value<TimerOf>,
                                 boost::intrusive::constant_time_size<false>>;

  Session* find(MemberId id) const;
  /// nullopt: may go.
  std::optional<SendResult> refusal(const Session* session, const Packet& packet,
                                    const MessageHead& head) const;
  void send(TimeNs now, Session& session, Packet& packet, const MessageHead& head);
  void deliver(Session& session);
  bool offer(const Session& from, const wire::MessageView& message, Packet& packet);
  void end(Session& session);
  void arm(Session& session);

  const MessagingConfig config_;
  Outbox& outbox_;
  Events& events_;
  MessagingStats stats_;
  CallTable calls_;
  SessionList<OwesAcknowledgement> owing_acknowledgement_;
  SessionList<OwesDelivery> owing_delivery_;
  SessionTimers timers_;
  std::unordered_map<MemberId, std::unique_ptr<Session>> sessions_;
};

}  // namespace muster
