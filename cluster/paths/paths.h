// Whether the longest packets arrive where messages go (docs/protocol.md §7.7). The probe is that
// of RFC 8899, 4.1, with one size to ask for: all members send packets of one length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "cluster/events.h"
#include "cluster/outbox.h"
#include "cluster/random.h"
#include "cluster/timer_queue.h"
#include "cluster/token_bucket.h"
#include "cluster/wire/parse.h"

namespace muster {

/// The ways from this member to those that it has sessions with. Each is asked by a packet of full
/// length; with it goes a short one, so that who does not know the question, or is out of reach, is
/// not taken for one behind a narrow way. A way that carries is forgotten at once.
/// Not thread-safe. Allocates in begin().
class Paths {
 public:
  static constexpr unsigned tries_max = 3;  ///< MAX_PROBES of RFC 8899, 5.1.2
  /// Until the second try; then twice as long each time. PROBE_TIMER of RFC 8899, 5.1.1.
  static constexpr DurationNs first_wait_ns = 1'000'000'000;
  /// From a verdict to the next first try, with as much as a tenth more by chance.
  static constexpr DurationNs pause_ns = 60'000'000'000;

  /// `outbox` and `events` outlive it.
  Paths(const IpAddress& own, std::uint64_t seed, Outbox& outbox, Events& events);

  /// The first packet has come from there, or shall go there.
  void begin(TimeNs now, const MemberKey& peer, const Endpoint& endpoint);
  void end(MemberId peer) { paths_.erase(peer); }
  void clear() { paths_.clear(); }

  /// Of a member, from the address that it has.
  void on_probe(TimeNs now, const wire::PathProbe& probe, const Endpoint& from);
  void on_answer(const wire::Header& header, const wire::PathAnswer& answer);

  TimeNs next_deadline() const { return timers_.next_ns(); }
  void on_deadline(TimeNs now);

  /// Members to whom the longest packets do not go, as far as is known.
  std::size_t narrow() const;

 private:
  struct Path : Timer {
    MemberKey peer;
    Endpoint endpoint;
    std::uint64_t nonce = 0;  ///< of the long ones; a short one adds its number, from 1
    unsigned tries = 0;
    unsigned short_ones = 0;  ///< a bit for each that was answered
    std::uint32_t bytes = 0;  ///< of the longest packet, with its IP header
    bool narrow = false;
  };

  void step(TimeNs now, Path& path);
  void begin_round(Path& path, TimeNs at);
  bool probe(Path& path, std::uint64_t nonce, bool full);
  void conclude(Path& path);

  const std::uint32_t headers_bytes_;
  Outbox& outbox_;
  Events& events_;
  Random random_;
  TokenBucket answers_;
  std::unordered_map<MemberId, Path> paths_;
  TimerQueue<Path> timers_;
};

}  // namespace muster
