// I11: what one member sent another arrives once, in order and unchanged, or is reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

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

/// Messages and requests carry their number within (sender, receiver), and a hash of the rest.
class Conversations {
 public:
  Conversations(std::size_t servers, Verdict& verdict)
      : verdict_(verdict),
        conversations_(servers, std::vector<std::vector<Conversation>>(servers)) {}

  static constexpr std::size_t head_bytes = 48;
  /// Fills `payload`, of head_bytes at least, with the next message; sent() makes it count.
  void write(const Party& from, const Party& to, std::uint64_t filling,
             std::span<std::byte> payload);
  void sent(const Party& from, const Party& to);
  /// The receiver's application has accepted a message.
  void accepted(const Party& receiver, const Party& sender, std::span<const std::byte> payload);
  /// The sender was told that so many were not acknowledged.
  void undelivered(const Party& from, const Party& to, std::size_t messages);
  /// The sender has dropped the session: what is neither delivered nor reported is lost.
  void ended(const Party& from, const Party& to);
  /// The sender has dropped all its sessions.
  void ended_all(const Party& from);

  /// Everything that `from` sent to `to` has arrived.
  bool settled(const Party& from, const Party& to) const;

 private:
  struct Conversation {
    Incarnation from;
    Incarnation to;
    std::uint64_t sent = 0;
    std::uint64_t accepted = 0;
    bool open = true;
  };
  Conversation* find(const Party& from, const Party& to);
  void end(const Party& from, std::size_t to, Conversation& conversation);

  Verdict& verdict_;
  std::vector<std::vector<std::vector<Conversation>>> conversations_;  // [from][to]
};

}  // namespace muster::sim
