// To whom a message goes, and what becomes of it.
#pragma once

#include <cstdint>

#include "cluster/types.h"

namespace muster {

enum class SendResult : std::uint8_t {
  sent,             ///< accepted: delivered exactly once and in order, or reported undelivered
  would_block,      ///< the channel's queue or the packet pool is full: try again later
  not_connected,    ///< no live member, or not in that life
  too_large,        ///< more than wire::message_bytes_max
  invalid_path,     ///< of a call: see wire::valid_path()
  no_such_channel,  ///< not below wire::channels
  closed,           ///< this member is not (or no longer) a member
};

/// A channel to a member in one of its lives.
struct Recipient {
  MemberKey member{};
  ChannelId channel = 0;
};

}  // namespace muster
