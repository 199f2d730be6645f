// The packets of one channel to one peer, from the application until the peer has taken them
// (docs/protocol.md §7).
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "cluster/config.h"
#include "cluster/messaging/route.h"
#include "cluster/messaging/sequence.h"
#include "cluster/messaging/sequence_bits.h"
#include "cluster/messaging/stats.h"
#include "cluster/outbox.h"
#include "cluster/wire/parse.h"

namespace muster {

/// A packet waits until the window lets it go, and is kept until it is acknowledged cumulatively,
/// which means that the peer's application has it; a selective acknowledgement only spares its
/// retransmission.
///
/// Retransmitted (docs/protocol.md §7.4) is what three packets have overtaken that were sent
/// after it (again), as the congestion window and the credit allow; and, where nothing is heard for
/// a timeout, the oldest and the newest packet that the peer may lack, whatever they allow. Whoever
/// hears nothing for two has nothing under way: what it has sent keeps no other from sending.
/// Packets are sent again as they were, never written again.
///
/// Allocates in the constructor only.
class SendWindow {
 public:
  static constexpr Sequence no_end = std::numeric_limits<Sequence>::max();

  /// `messages_before` are counted as acknowledged; `first` is the sequence of the first packet.
  /// All references outlive it.
  SendWindow(const MessagingConfig& config, Outbox& outbox, MessagingStats& stats, Route& route,
             std::uint64_t messages_before = 0, Sequence first = 1);
  /// Releases what it holds.
  ~SendWindow();
  SendWindow(const SendWindow&) = delete;
  SendWindow& operator=(const SendWindow&) = delete;

  bool full() const { return held() == window_packets_ + queue_packets_; }
  /// Requires that it is not full. Takes the caller's reference; `messages` end in the packet.
  void push(Packet& packet, std::uint32_t messages);

  /// So many messages count, and are in no packet.
  void skip(std::uint32_t messages);

  /// Something may go now. Of what was never sent, only what is before `end`.
  bool sendable(Sequence end = no_end) const;
  /// The next packet may be sent for the first time.
  bool may_send_new() const;
  /// Requires that there is one that was never sent.
  Packet& next_packet() { return *slot(next_).packet; }
  /// Nothing stands against what was never sent but what is under way.
  bool goes_on() const { return next_ <= limit_ && !silent(); }
  /// Something is to be sent, now or later.
  bool wants_to_send() const { return lost_count_ > 0 || next_ < end_; }
  /// Packets that have never been sent.
  std::size_t waiting() const { return static_cast<std::size_t>(end_ - next_); }
  /// Sends up to `packets_max` of what may go, and returns how many it sent.
  /// `complete(Packet&, Sequence)` writes the head of one that is sent for the first time.
  template <class Complete>
  std::uint32_t transmit(TimeNs now, std::uint32_t packets_max, Complete&& complete,
                         Sequence end = no_end);
  /// The next packet, which may_send_new(), is on its way to the peer and to others at once.
  void sent_to_all(TimeNs now);

  /// What the peer says in packet `number` of this channel. False when it acknowledges what was
  /// never sent: nothing has changed then. What is before `overheard` it may have by another way:
  /// that is not sent to it any more.
  bool acknowledge(TimeNs now, std::uint64_t number, const wire::Acknowledgement& said,
                   Sequence overheard = 0);
  /// The same in two steps, for what can_wait(): what it is judged by when it comes, and, at any
  /// time after that, all else.
  struct Heard {
    TimeNs at_ns = 0;
    DurationNs away_ns = 0;       ///< both ends, all together
    std::uint32_t in_flight = 0;  ///< on the route
    std::uint64_t number = 0;
    wire::Acknowledgement said{};
  };
  Heard hear(TimeNs now, std::uint64_t number, const wire::Acknowledgement& said);
  void take_in(TimeNs now, const Heard& heard);
  /// acknowledge() would be true, and nothing waits for it.
  bool can_wait(const wire::Acknowledgement& said) const {
    return said.selective.empty() && !wants_to_send() && timeouts_ == 0 && route_.open() &&
           is_sound(said, 0);
  }

  /// What is before `first`, which has been sent or not, the peer is not to have any more.
  /// `first` may lie beyond all that was pushed.
  void skip_to(Sequence first);

  /// What was overtaken on the route is lost. acknowledge() does that too; another channel's may
  /// tell more.
  void find_lost(TimeNs now);

  /// never_ns while nothing is under way.
  TimeNs deadline() const { return deadline_; }
  /// Requires that the deadline has passed. True: the way is free for others that was not.
  bool on_deadline(TimeNs now);

  /// Packets that it holds.
  std::size_t held() const { return static_cast<std::size_t>(end_ - first_); }
  /// The oldest that is not acknowledged, and the next to be sent for the first time.
  Sequence first() const { return first_; }
  Sequence next() const { return next_; }
  /// Sent, and not acknowledged cumulatively.
  std::size_t under_way() const { return static_cast<std::size_t>(next_ - first_); }
  /// Messages that the peer's application has; those after them, up to pushed(), it may lack.
  std::uint64_t messages_acknowledged() const { return messages_acknowledged_; }
  std::uint64_t messages_pushed() const { return messages_pushed_; }

 private:
  struct alignas(64) Slot : boost::intrusive::list_base_hook<> {  // a line of the cache
    Packet* packet = nullptr;
    Sequence sequence = 0;
    TimeNs sent_ns = 0;      ///< the last time
    DurationNs away_ns = 0;  ///< away() then
    std::uint64_t turn = 0;  ///< which transmission on the route that was
    std::uint32_t messages = 0;
    bool again = false;  ///< it has been sent more than once
  };
  /// What an acknowledgement tells that was not known.
  struct News {
    std::uint32_t packets = 0;
    bool tells = false;      ///< which transmission has arrived, of one of them at least
    std::uint64_t turn = 0;  ///< the latest
    /// Of that, if the packet was sent once only: of earlier ones the word may have been lost, and
    /// have come again with the answer to this.
    std::optional<RoundTrip> round_trip{};
  };

  Slot& slot(Sequence at) { return slots_[static_cast<std::size_t>(at) & (slots_.size() - 1)]; }
  /// Both ends, all together.
  DurationNs away_ns() const { return outbox_.away_ns() + route_.peer_away_ns; }
  bool may_resend() const;
  /// It does not go on until something is heard; until then the timeouts probe.
  bool silent() const { return timeouts_ >= 2; }
  DurationNs timeout_ns() const;
  void arm(TimeNs now);
  /// It speaks of nothing that the peer cannot have.
  bool is_sound(const wire::Acknowledgement& said, Sequence overheard) const;
  void hear_of(const Heard& heard, Sequence at, News& news);
  void measure(const News& news);
  void pass_overheard();
  void release_oldest();
  void begin_transmit(TimeNs now, Slot& fresh);
  void take_off(Slot& sent);
  void land(Slot& heard);
  void lose_earliest();
  bool give_up_under_way();
  void probe(TimeNs now, Sequence oldest);
  void resend(TimeNs now, Sequence at);
  void note(TimeNs now, Slot& sent);
  void transmit(TimeNs now, Slot& sent);
  /// Of what is under way, and the peer may lack; next_ if it has all.
  Sequence oldest_missing() const;
  Sequence newest_missing() const;

  Outbox& outbox_;
  MessagingStats& stats_;
  Route& route_;
  const std::size_t window_packets_;
  const std::size_t queue_packets_;
  const DurationNs timeout_max_ns_;
  const Sequence origin_;
  Sequence first_;                 ///< the oldest packet that is not acknowledged
  Sequence next_;                  ///< the next to be sent for the first time
  Sequence end_;                   ///< what is pushed next
  Sequence limit_;                 ///< the last that the peer gives credit for
  std::uint64_t newest_said_ = 0;  ///< the packet that gave it
  TimeNs deadline_ = never_ns;
  unsigned timeouts_ = 0;   ///< since anything new was acknowledged
  DurationNs kept_ns_ = 0;  ///< a timeout that was long enough, until a round trip is measured
  bool spared_ = false;     ///< this loop was late, and waits once more
  std::uint32_t lost_count_ = 0;
  std::uint64_t messages_pushed_;
  std::uint64_t messages_acknowledged_;
  SequenceBits received_;  ///< the peer has it, or holds it for its application
  SequenceBits lost_;      ///< to be sent again; it does not count as in flight
  std::vector<Slot> slots_;
  /// Those of which nothing is known yet, in the order of their turns.
  boost::intrusive::list<Slot> in_flight_;
};

template <class Complete>
std::uint32_t SendWindow::transmit(TimeNs now, std::uint32_t packets_max, Complete&& complete,
                                   Sequence end) {
  std::uint32_t sent = 0;
  for (; sent < packets_max && may_resend(); ++sent) resend(now, lost_.find(first_, next_));
  for (; sent < packets_max && next_ < end && may_send_new(); ++sent) {
    Slot& fresh = slot(next_);
    complete(*fresh.packet, next_);
    begin_transmit(now, fresh);
    transmit(now, fresh);
  }
  return sent;
}

}  // namespace muster
