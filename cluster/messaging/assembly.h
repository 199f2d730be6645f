// Puts messages together that came in pieces (docs/protocol.md §8.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cluster/packet.h"
#include "cluster/wire/parse.h"

namespace muster {

/// A message as it lies in its packets. Valid as long as those are.
struct WholeMessage {
  wire::MessageView head;  ///< of the first piece: its payload is pieces[0]
  std::span<const wire::Bytes> pieces;

  std::size_t size() const { return head.message_bytes; }
};

/// The message of one channel of which not all pieces are here. As many packets as may be kept are
/// kept, with the pieces where they lie; a longer message is copied into one buffer as it comes, so
/// that it leaves the pool to others.
class Assembly {
 public:
  /// What all channels have in common.
  struct Shared {
    PacketPort& port;
    std::size_t kept_packets_max;  ///< for one message
    /// Of messages that have been heard: large memory is a system call away.
    std::vector<std::vector<std::byte>> spare_buffers{};
  };

  /// `shared` outlives it.
  explicit Assembly(Shared& shared) : shared_(shared) {}
  ~Assembly() { clear(); }
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  enum class Step : std::uint8_t {
    more,     ///< it goes on
    whole,    ///< message() is complete: clear() when it has been heard
    unsound,  ///< the pieces do not make a message: all of it is dropped
  };
  /// The next piece of the channel, which lies in `packet`; retains that if it must.
  Step add(const wire::MessageView& piece, Packet& packet);
  /// Requires that the last step was `whole`.
  WholeMessage message() const { return {head_, pieces_}; }
  /// Of the message that is being put together; 0: none is.
  std::size_t message_bytes() const { return open_ ? head_.message_bytes : 0; }
  void clear();

 private:
  void begin(const wire::MessageView& first, Packet& packet);
  void keep(const wire::MessageView& piece, Packet& packet);
  /// What has come, and what comes, stands in one buffer.
  void copy_from_now_on();
  void copy(wire::Bytes piece, std::size_t at);

  Shared& shared_;
  bool open_ = false;
  wire::MessageView head_;
  std::size_t received_ = 0;
  std::vector<wire::Bytes> pieces_;
  std::vector<Packet*> packets_;   ///< the first always: what the head names lies in it
  std::vector<std::byte> buffer_;  ///< empty while the pieces are kept
};

}  // namespace muster
