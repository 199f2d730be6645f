// What an application's thread and the engine's share about one peer, or one topic: how much may be
// given to send, and how far away the peer is.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "cluster/publishing/topic_config.h"
#include "cluster/types.h"
#include "cluster/wire/layout.h"
#include "ring/slots.h"

namespace muster {

/// Of one channel, or one topic. The application's thread gives packets, the engine's takes what it
/// could send. What is between the two waits in the ring or in a queue of its own, so whoever takes
/// nothing holds up nobody else. What was taken is kept until it is accepted.
class PacketCredit {
 public:
  /// The application's: one more may be given, if `packets_max` may be on their way.
  bool available(std::uint64_t packets_max) {
    if (given_ - taken_seen_ < packets_max) return true;
    taken_seen_ = taken_.load(std::memory_order_acquire);
    return given_ - taken_seen_ < packets_max;
  }
  void give() { ++given_; }
  /// So many of those given have not been accepted by the peer, or by the slowest subscriber.
  std::uint64_t held_packets() const { return given_ - accepted_.load(std::memory_order_acquire); }
  /// Messages that the session has been given; exact once the engine has told of the removal, or
  /// of this member's end.
  std::uint64_t messages_taken() const { return messages_taken_.load(std::memory_order_acquire); }

  /// The engine's.
  void take_messages(std::uint32_t messages) {
    messages_taken_.store(messages_taken_.load(std::memory_order_relaxed) + messages,
                          std::memory_order_release);
  }
  void taken(std::uint64_t packets) { taken_.store(packets, std::memory_order_release); }
  /// Of a topic it may be fewer than before: one has come who begins earlier.
  void accepted(std::uint64_t packets) { accepted_.store(packets, std::memory_order_release); }

 private:
  alignas(ring::line_stride_bytes) std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> messages_taken_{0};
  alignas(ring::line_stride_bytes) std::uint64_t given_ = 0;
  std::uint64_t taken_seen_ = 0;
};

/// Of one topic.
class TopicCredit : public PacketCredit {
 public:
  /// The application's: whoever keeps the engine from taking more; MemberId{}: nobody.
  MemberId in_the_way() const { return in_the_way_.load(std::memory_order_relaxed); }

  /// The engine's.
  void blocked_by(MemberId subscriber) { in_the_way_.store(subscriber, std::memory_order_relaxed); }

 private:
  alignas(ring::line_stride_bytes) std::atomic<MemberId> in_the_way_{};
};

/// What becomes of a topic that is to be announced.
struct Announcement {
  Announced announced;
  std::shared_ptr<TopicCredit> credit{};  ///< null when inline
};

/// Of one peer.
class Credit {
 public:
  explicit Credit(std::uint32_t join) : join_(join) {}

  /// Which joining of all it is for: a peer that is removed may join again as what it was.
  std::uint32_t join() const { return join_; }
  PacketCredit& channel(ChannelId id) { return channels_[id]; }

  /// Smoothed; never_ns before the first measurement.
  DurationNs round_trip_ns() const { return round_trip_ns_.load(std::memory_order_relaxed); }

  /// The engine's.
  void measured(DurationNs round_trip_ns) {
    round_trip_ns_.store(round_trip_ns, std::memory_order_relaxed);
  }

 private:
  const std::uint32_t join_;
  std::atomic<DurationNs> round_trip_ns_{never_ns};
  std::array<PacketCredit, wire::channels> channels_;
};

}  // namespace muster
