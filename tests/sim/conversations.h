// I11: what one member sent another on a channel arrives once, in order and unchanged, or is
// reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "cluster/events.h"
#include "cluster/types.h"
#include "sim/roster.h"
#include "sim/verdict.h"

namespace muster::sim {

/// A server in one of its lives.
struct Party {
  std::size_t server = 0;
  Incarnation incarnation = 0;
  friend bool operator==(const Party&, const Party&) = default;
};

/// One direction of one channel.
struct Way {
  Party from;
  Party to;
  ChannelId channel = 0;
};

/// Messages of every kind carry their number on their way, and a hash of the rest.
class Conversations {
 public:
  Conversations(std::size_t servers, Verdict& verdict)
      : verdict_(verdict),
        conversations_(servers, std::vector<std::vector<Conversation>>(servers)),
        predecessors_(servers) {}

  static constexpr std::size_t head_bytes = 56;
  /// Writes the head of the message that is the `ahead`-th after those sent, from 0 on; the rest of
  /// `payload`, of head_bytes at least, is there. sent() makes it count.
  void write(const Way& way, std::uint64_t ahead, std::span<std::byte> payload) const;
  void sent(const Way& way, std::uint64_t messages);
  /// The receiver's application has accepted a message.
  void accepted(const Way& way, std::span<const std::byte> payload);
  /// The sender was told that these were not acknowledged.
  void undelivered(const Way& way, std::uint64_t first, std::uint64_t messages);
  /// The sender has dropped the session: what is neither delivered nor reported is lost.
  void ended(const Party& from, const Party& to);
  /// The sender has dropped all its sessions.
  void ended_all(const Party& from);
  /// The same process speaks as another incarnation, and counts on (docs/protocol.md §7.6).
  void started_anew(const Party& before, Incarnation incarnation) {
    predecessors_[before.server][incarnation] = before.incarnation;
  }

  /// Everything that `from` sent to `to` has arrived.
  bool settled(const Party& from, const Party& to) const;

 private:
  struct Conversation {
    Incarnation from;
    Incarnation to;
    ChannelId channel;
    std::uint64_t sent;      ///< the number of the last one
    std::uint64_t accepted;  ///< and of the last that was accepted
    bool open = true;
    bool counts_on = true;  ///< the next incarnation of the sender's, as long as the other stays
  };
  const Conversation* find(const Way& way) const;
  Conversation* find(const Way& way) {
    return const_cast<Conversation*>(std::as_const(*this).find(way));
  }
  /// Of the last message that the process has sent this way so far.
  std::uint64_t last_number(Way way) const;
  void end(std::size_t from, std::size_t to, Conversation& conversation);

  Verdict& verdict_;
  std::vector<std::vector<std::vector<Conversation>>> conversations_;  // [from][to]
  std::vector<std::map<Incarnation, Incarnation>> predecessors_;       // of the same process
};

}  // namespace muster::sim
