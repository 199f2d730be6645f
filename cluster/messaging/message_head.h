// What stands in a session packet around the payload of its one message
// (docs/protocol.md §8.1).
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>

#include "cluster/events.h"
#include "cluster/messaging/send.h"
#include "cluster/outbox.h"

namespace muster {

struct MessageHead {
  wire::MessageKind kind = wire::MessageKind::data;
  CallId call = 0;                     ///< request and response
  CallStatus status = CallStatus::ok;  ///< response
  std::string_view path = {};          ///< request; a valid_path()
  std::size_t payload_bytes = 0;

  /// Where the payload begins: what send.h tells the application.
  std::size_t payload_offset() const {
    if (kind == wire::MessageKind::data) return message_offset;
    return kind == wire::MessageKind::request ? request_offset(path) : response_offset;
  }
  /// The packet has room for it, and the wire's field for its length.
  bool fits(const Packet& packet) const {
    return payload_bytes <= std::numeric_limits<std::uint16_t>::max() &&
           payload_offset() + payload_bytes <= packet.capacity;
  }
  /// Writes it between the session's head and the payload. Requires fits().
  void write(Packet& packet) const {
    packet.size = sizeof(wire::Header) + sizeof(wire::Session);
    append(packet, wire::Message{.kind = static_cast<std::uint8_t>(kind),
                                 .path_length = static_cast<std::uint8_t>(path.size()),
                                 .payload_length = static_cast<std::uint16_t>(payload_bytes)});
    if (kind != wire::MessageKind::data)
      append(packet, wire::Call{.call = call, .status = static_cast<std::uint8_t>(status)});
    if (!path.empty()) append(packet, std::as_bytes(std::span(path)));
    packet.size += static_cast<std::uint32_t>(payload_bytes);
  }
};

}  // namespace muster
