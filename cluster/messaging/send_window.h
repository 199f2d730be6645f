// Packets under way to one peer, kept until the peer has taken them (docs/protocol.md §7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cluster/config.h"
#include "cluster/messaging/round_trip_estimator.h"
#include "cluster/messaging/sequence.h"
#include "cluster/messaging/stats.h"
#include "cluster/outbox.h"

namespace muster {

/// A packet is kept until it is acknowledged cumulatively, which means that the peer's
/// application has it; a selective acknowledgement only spares its retransmission. So there is
/// always one to retransmit as long as one is under way, which is also what finds out that a
/// closed window has opened again when the word of it was lost.
///
/// Retransmitted (§7.4) are: a packet that three later ones have overtaken, once; the oldest one
/// when the timer expires; and, when the peer answers after that, everything it has not got of what
/// had been sent before. Packets are sent again as they were, never written again.
class SendWindow {
 public:
  static constexpr std::uint32_t packets_max = 64;

  /// `first` is the sequence of the first packet.
  SendWindow(const MessagingConfig& config, Outbox& outbox, MessagingStats& stats,
             Sequence first = 1);
  ~SendWindow();
  SendWindow(const SendWindow&) = delete;
  SendWindow& operator=(const SendWindow&) = delete;

  /// One more packet may go. A peer without room is still sent one, alone: the probe (§7.3).
  bool open() const;
  /// The sequence that the next packet carries.
  Sequence next() const { return next_; }
  /// Requires open(). Sends the packet, keeps it, and consumes the caller's reference.
  void send(TimeNs now, Packet& packet, const Endpoint& to);

  /// What the peer says in every packet of the session. False when it acknowledges what was never
  /// sent: nothing has changed then.
  bool acknowledge(TimeNs now, const wire::Session& said);

  /// never_ns while nothing is under way.
  TimeNs deadline() const { return deadline_; }
  /// Requires that the deadline has passed.
  void on_deadline(TimeNs now);

  std::size_t in_flight() const { return static_cast<std::size_t>(next_ - first_); }
  const RoundTripEstimator& round_trip() const { return round_trip_; }

 private:
  /// Bit i speaks of the packet first_ + i.
  using Mask = std::uint64_t;
  struct Slot {
    Packet* packet = nullptr;
    TimeNs sent_ns = 0;  ///< the first time
  };

  Slot& slot(Sequence sequence) { return slots_[static_cast<std::size_t>(sequence) % packets_max]; }
  void measure(TimeNs now, Mask answered);
  void release(std::uint32_t packets);
  /// Packets that at least three later ones have overtaken.
  Mask overtaken() const;
  void retransmit(Mask packets);

  Outbox& outbox_;
  MessagingStats& stats_;
  const std::uint32_t window_packets_;
  std::uint32_t credit_packets_;  ///< given by the peer
  Sequence first_;                ///< the oldest packet that is not acknowledged
  Sequence next_;
  TimeNs deadline_ = never_ns;
  Mask received_ = 0;       ///< the peer has it, or holds it for its application
  Mask retransmitted_ = 0;  ///< sent more than once
  Mask lost_ = 0;           ///< was under way at the last timeout, and not sent since
  RoundTripEstimator round_trip_;
  std::array<Slot, packets_max> slots_;
};

}  // namespace muster
