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
/// kept, with the pieces where they lie; past that, for one message or for all together, it is
/// copied into a buffer as it comes, and keeps no packet: however many are under way, the pool is
/// left to others.
class Assembly {
 public:
  /// What all channels have in common.
  struct Shared {
    PacketPort& port;
    std::size_t kept_packets_max;      ///< for one message
    std::size_t all_kept_packets_max;  ///< for all of them
    std::size_t kept_packets = 0;      ///< now
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
  void begin(const wire::MessageView& first, const Packet& packet);
  bool may_keep(std::size_t packets) const;
  void keep(const wire::MessageView& piece, Packet& packet);
  /// What has come, and what comes, stands in one buffer, and behind it what the head names.
  void copy_from_now_on();
  void release_packets();
  void copy(wire::Bytes piece, std::size_t at);

  Shared& shared_;
  bool open_ = false;
  wire::MessageView head_;
  std::size_t received_ = 0;
  std::vector<wire::Bytes> pieces_;
  std::vector<Packet*> packets_;  ///< none once it is copied
  bool copies_ = false;
  std::vector<std::byte> buffer_;
};

}  // namespace muster
