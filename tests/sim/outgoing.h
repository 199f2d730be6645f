// What one application wants to say: messages on their way into packets, several into one or one
// into many, for each peer and channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cluster/member.h"
#include "cluster/messaging/message_writer.h"
#include "sim/sim_port.h"
#include "tests/sim/conversations.h"

namespace muster::sim {

/// A message that waits to be written.
struct Letter {
  wire::MessageKind kind = wire::MessageKind::data;
  CallId call = 0;
  CallStatus status = CallStatus::ok;
  std::string path;
  std::vector<std::byte> payload;  ///< Conversations::head_bytes at its beginning
};

class Outgoing {
 public:
  /// Beyond this much that waits on a channel, the application holds its tongue.
  static constexpr std::size_t waiting_letters_max = 8;
  static constexpr std::size_t waiting_bytes_max = 300'000;

  Outgoing(const Roster& roster, Conversations& conversations)
      : roster_(roster), conversations_(conversations) {}

  /// False: too much waits already. Responses always find room: they are owed.
  bool put(const Recipient& to, Letter letter);
  /// Sends as much as may be sent now; takes no more packets from the port than leave it this many.
  void flush(Member& member, SimPort& port, std::size_t left_min);
  /// The member has gone, and what it was to be told is not said.
  void forget(const MemberKey& to, SimPort& port);
  void clear(SimPort& port);

  bool empty() const { return streams_.empty(); }
  /// Packets that are being written.
  std::size_t packets() const;

 private:
  struct Stream {
    std::deque<Letter> waiting;
    std::size_t waiting_bytes = 0;
    std::optional<MessageWriter> writer;  ///< of the first that waits
    HeldMemory lent{};                    ///< its payload
    Packet* packet = nullptr;
    std::uint32_t ended = 0;  ///< messages that end in the packet
  };
  struct Order {
    bool operator()(const Recipient& a, const Recipient& b) const {
      return std::tuple(a.member.id, a.member.incarnation, a.channel) <
             std::tuple(b.member.id, b.member.incarnation, b.channel);
    }
  };
  using Streams = std::map<Recipient, Stream, Order>;

  Way way(const Member& member, const Recipient& to) const;
  void fill(const Way& way, SimPort& port, Stream& stream);
  /// False: it goes on later, if at all.
  bool send_packet(Member& member, const Recipient& to, Stream& stream, bool& connected);
  Streams::iterator erase(Streams::iterator at, SimPort& port);

  const Roster& roster_;
  Conversations& conversations_;
  Streams streams_;
};

}  // namespace muster::sim
