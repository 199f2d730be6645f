// To whom a message goes, and what becomes of it.
#pragma once

#include <cstdint>

#include "cluster/types.h"

namespace muster {

/// What there is no more of for now.
enum class Exhausted : std::uint8_t {
  nothing,
  channel,  ///< its window and the queue before it are full, or a long message is not out yet:
            ///< the receiver is slow, and other channels and members may take more. Of a topic:
            ///< a long message is not out yet
  packets,  ///< packets for what is to be sent: LimitsConfig::pool_packets
  engine_queue,   ///< the ring to the engine thread: LimitsConfig::command_queue
  long_messages,  ///< memory for what is longer than a packet: LimitsConfig::long_message_bytes
  calls,          ///< calls in flight: MessagingConfig::calls_max
  subscriber,     ///< a subscriber lags by as much as it may: SendResult::lagging() says who
};

/// Compares as its kind does: `result == SendResult::sent`.
class SendResult {
 public:
  enum Kind : std::uint8_t {
    sent,             ///< accepted: delivered exactly once and in order, or reported undelivered
    would_block,      ///< exhausted() says what there is none of: try again later
    not_connected,    ///< no live member, or not in that life
    too_large,        ///< more than wire::message_bytes_max
    invalid_path,     ///< of a call: see wire::valid_path()
    no_such_channel,  ///< not below wire::channels, or another thread's
    no_such_topic,    ///< not announced by this thread, or withdrawn
    no_buffer,        ///< of a commit: it was not claimed here, or has been committed
    closed,           ///< this member is not (or no longer) a member
  };

  // NOLINTNEXTLINE(google-explicit-constructor): an enumerator is a result
  constexpr SendResult(Kind kind) : kind_(kind) {}
  static constexpr SendResult blocked(Exhausted what) { return SendResult(would_block, what); }
  static constexpr SendResult blocked_by(MemberId subscriber) {
    return SendResult(would_block, Exhausted::subscriber, subscriber);
  }

  // NOLINTNEXTLINE(google-explicit-constructor): as which it is compared
  constexpr operator Kind() const { return kind_; }
  /// Of would_block; `nothing` of the others.
  constexpr Exhausted exhausted() const { return exhausted_; }
  /// Of Exhausted::subscriber: one of those who lag.
  constexpr MemberId lagging() const { return lagging_; }

 private:
  constexpr SendResult(Kind kind, Exhausted what, MemberId lagging = {})
      : kind_(kind), exhausted_(what), lagging_(lagging) {}

  Kind kind_;
  Exhausted exhausted_ = Exhausted::nothing;
  MemberId lagging_{};
};

/// A channel to a member in one of its lives.
struct Recipient {
  MemberKey member{};
  ChannelId channel = 0;
  friend bool operator==(const Recipient&, const Recipient&) = default;
};

}  // namespace muster
