// I11 for topics: what a member publishes comes to each subscriber in order, once and unchanged;
// and where something is left out, it was told so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>

#include "cluster/events.h"
#include "cluster/publishing/topic_config.h"
#include "sim/roster.h"
#include "sim/verdict.h"
#include "tests/sim/conversations.h"

namespace muster::sim {

/// Messages carry their number in their stream, and a hash of the rest.
class Broadcasts {
 public:
  /// One stream.
  struct Source {
    Party publisher;
    TopicNumber topic = 0;
    auto operator<=>(const Source& other) const { return order() <=> other.order(); }
    bool operator==(const Source& other) const { return order() == other.order(); }

   private:
    std::tuple<std::size_t, Incarnation, TopicNumber> order() const {
      return {publisher.server, publisher.incarnation, topic};
    }
  };
  /// A subscription in one process, which keeps it over its incarnations.
  struct Follower {
    std::size_t server = 0;
    Incarnation born = 0;  ///< the process's first incarnation
    SubscriptionNumber subscription = 0;
    auto operator<=>(const Follower&) const = default;
  };

  explicit Broadcasts(Verdict& verdict) : verdict_(verdict) {}

  static constexpr std::size_t head_bytes = 40;
  /// A stream begins, from message 1 on; who follows it may have been told before.
  void begin(const Source& source, const TopicConfig& config);
  /// Writes the head of the stream's next message; the rest of `payload`, of head_bytes at least,
  /// is there.
  void write(const Source& source, std::span<std::byte> payload) const;
  /// Its first piece, its last piece was published.
  void begun(const Source& source) { ++streams_.at(source).begun; }
  void published(const Source& source) { ++streams_.at(source).published; }
  /// The publisher was told that this server follows it: whatever begins now is for it.
  void joined(const Source& source, std::size_t subscriber);

  /// The subscriber's member has ended what it followed of this publisher, or of all: it may be
  /// dropped again where it follows anew.
  void follows_anew(std::size_t subscriber, std::optional<std::size_t> publisher);
  /// The subscriber was told.
  void changed(const Follower& follower, const Source& source, const StreamEvent& event);
  /// Its application has accepted a message.
  void accepted(const Follower& follower, const Source& source, std::span<const std::byte> payload);

  /// Its application was told that there is no room for the stream, and no more since.
  bool was_refused(const Follower& follower, const Source& source) const;
  /// What this subscriber, which the publisher has `dropped` or not, lacks, in words.
  std::optional<std::string> missing(const Follower& follower, const Source& source,
                                     bool dropped) const;

 private:
  struct Stream {
    TopicConfig config;
    std::uint64_t begun = 0;
    std::uint64_t published = 0;
    std::map<std::size_t, std::uint64_t> begun_before;  ///< by subscriber: when it joined
  };
  struct Heard {
    bool runs = false;
    bool dropped = false;
    bool may_jump = false;  ///< it was told of a beginning or of a gap, and has heard nothing since
    bool first = false;     ///< of a beginning
    bool refused = false;   ///< until it has heard something
    std::uint64_t last = 0;
  };

  void check_order(const Stream& stream, Heard& heard, const Follower& follower,
                   std::uint64_t number);

  Verdict& verdict_;
  std::map<Source, Stream> streams_;
  std::map<std::pair<Follower, Source>, Heard> heard_;
};

}  // namespace muster::sim
