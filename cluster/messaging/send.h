// Results of sending, and where in a packet a payload is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cluster/wire/layout.h"

namespace muster {

enum class SendResult : std::uint8_t {
  sent,           ///< accepted: delivered exactly once and in order, or reported undelivered
  would_block,    ///< the send window, the packet pool or the call table is full: try again later
  not_connected,  ///< no live member with that id
  too_large,      ///< does not fit one packet
  invalid_path,   ///< of a call: see wire::valid_path()
  closed,         ///< this member is not (or no longer) a member
};

/// A message is written into the packet that will carry it, behind room for the headers, and so
/// is never copied. These say where the payload starts, from Packet::data.
inline constexpr std::size_t message_offset =
    sizeof(wire::Header) + sizeof(wire::Session) + sizeof(wire::Message);
inline constexpr std::size_t response_offset = message_offset + sizeof(wire::Call);
constexpr std::size_t request_offset(std::string_view path) {
  return message_offset + sizeof(wire::Call) + path.size();
}

}  // namespace muster
