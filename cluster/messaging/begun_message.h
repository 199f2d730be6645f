// The message of which the application has accepted some packets, and not yet the last.
#pragma once

#include <cstdint>

#include "cluster/messaging/message_writer.h"
#include "cluster/packet.h"
#include "cluster/wire/layout.h"

namespace muster {

/// Of one channel, or one stream.
class BegunMessage {
 public:
  /// Of the whole message; 0: there is none.
  std::uint32_t bytes() const { return bytes_; }
  /// What it will be once a packet of messages is accepted; asked before that is offered, for it is
  /// another's afterwards. `opens_bytes`: see wire::SessionView.
  std::uint32_t bytes_after(const Packet& packet, std::uint32_t opens_bytes) const {
    if (bytes_ == 0 || opens_bytes > 0) return opens_bytes;
    return goes_on_beyond(packet) ? bytes_ : 0;
  }
  void set_bytes(std::uint32_t bytes) { bytes_ = bytes; }

 private:
  /// A piece that is neither the first nor the last has its packet alone (docs/protocol.md §8.3).
  static bool goes_on_beyond(const Packet& packet) {
    const auto* piece = reinterpret_cast<const wire::Message*>(packet.data + messages_offset);
    return piece->flags == (wire::piece_continues | wire::piece_more);
  }

  std::uint32_t bytes_ = 0;
};

}  // namespace muster
