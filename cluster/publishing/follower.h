// A publisher's side of one subscriber of one of its topics.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/config.h"
#include "cluster/messaging/route.h"
#include "cluster/messaging/send_window.h"
#include "cluster/outbox.h"
#include "cluster/publishing/role.h"
#include "cluster/publishing/stats.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/timer_queue.h"
#include "cluster/types.h"
#include "cluster/wire/parse.h"

namespace muster {

class Topic;

/// It is told where its stream begins, and again when it has to skip something or is dropped, until
/// it reports that it knows (docs/protocol.md §9.4). Nothing goes to it before it knows of a
/// beginning. One that refuses is asked now and then whether it has room (§9.9).
///
/// Allocates in the constructor only.
class Follower : public Timer {
 public:
  struct Identity {
    MemberKey member;
    SubscriberRole role;
    bool reached = false;  ///< by the group's address
  };
  /// `window`: of a SendWindow that begins with `next`; nothing of it but the queue is used while
  /// the topic is unreliable. All references outlive it.
  Follower(const Identity& identity, Topic& topic, const MessagingConfig& window, Outbox& outbox,
           MessagingStats& stats, Route& route, Sequence next)
      : identity_(identity),
        topic_(topic),
        outbox_(outbox),
        route_(route),
        timeout_max_ns_(window.retransmit_max_ns),
        window_(window, outbox, stats, route, 0, next) {}

  const Identity& identity() const { return identity_; }
  const MemberKey& member() const { return identity_.member; }
  SubscriptionNumber subscription() const { return identity_.role.number; }
  bool reached() const { return identity_.reached; }
  Topic& topic() const { return topic_; }
  Route& route() const { return route_; }
  const Endpoint& endpoint() const { return route_.endpoint; }
  SendWindow& window() { return window_; }

  /// It gets the packets of the stream, or has still to hear of its beginning.
  bool follows() const { return state_ == State::follows; }
  /// It begins, or goes on, with the next message that begins.
  bool waits() const { return state_ == State::waits; }
  bool dropped() const { return state_ == State::dropped; }
  bool refused() const { return state_ == State::refused; }
  /// Packets may be sent to it.
  bool ready() const { return begun_ && follows(); }

  /// What is before `next` it does not get, nor what follows until it begins again.
  void wait(Sequence next) {
    window_.skip_to(next);
    state_ = State::waits;
  }
  /// It gets what is in its window from `first` on. `turn` is greater than all before.
  void begin(Sequence first, std::uint64_t turn);
  /// It gets nothing more.
  void drop(Sequence next, std::uint64_t turn);
  /// It has no room for the stream, and gets nothing until it says that it has.
  void refuse(TimeNs now, Sequence next, std::uint64_t turn);

  /// It has not been told its newest position: it is to be, at the end of the burst.
  bool owes_position() const { return position_due_ns_ == 0; }
  /// Tells it, once more if it does not know yet and that is due.
  void tell_position(TimeNs now, PublishingStats& stats);
  TimeNs deadline() const {
    return owes_position() ? window_.deadline() : std::min(window_.deadline(), position_due_ns_);
  }

  enum class Heard : std::uint8_t {
    nothing,
    news,
    absurd,
    refuses,   ///< it has no room, and has not begun: see refuse()
    has_room,  ///< after all: it is to begin anew
  };
  /// docs/protocol.md §9.5. What is before `to_all` it may have heard with others.
  Heard on_report(TimeNs now, std::uint64_t number, const wire::ReportView& report,
                  Sequence to_all);

 private:
  enum class State : std::uint8_t { waits, follows, dropped, refused };

  Heard on_word_of_room(const wire::Report& report) const;
  void give_position(wire::PositionKind kind, Sequence first, std::uint64_t turn);

  const Identity identity_;
  Topic& topic_;
  Outbox& outbox_;
  Route& route_;
  const DurationNs timeout_max_ns_;
  SendWindow window_;
  State state_ = State::waits;
  bool begun_ = false;  ///< it knows where its stream began
  wire::PositionKind kind_ = wire::PositionKind::follows;
  Sequence first_ = 0;
  std::uint64_t first_turn_ = 0;
  std::uint64_t turn_ = 0;
  unsigned times_told_ = 0;
  TimeNs position_due_ns_ = never_ns;
};

}  // namespace muster
