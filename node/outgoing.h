// What is to become of a packet that the application has filled with messages.
#pragma once

#include <cstdint>
#include <cstring>

#include "cluster/member.h"
#include "cluster/messaging/message_writer.h"
#include "cluster/messaging/send.h"

namespace muster {

/// On its way to the engine thread it stands in the packet itself, where the header will be
/// written.
struct Outgoing {
  Recipient to{};
  std::uint32_t messages = 0;  ///< that end in the packet
  std::uint32_t join = 0;      ///< Credit::join()

  void store(Packet& packet) const { std::memcpy(packet.data, this, sizeof *this); }
  static Outgoing load(const Packet& packet) {
    Outgoing outgoing;
    std::memcpy(static_cast<void*>(&outgoing), packet.data, sizeof outgoing);
    return outgoing;
  }
};
static_assert(sizeof(Outgoing) <= sizeof(wire::Header));

}  // namespace muster
