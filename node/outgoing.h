// What is to become of a packet that the application has filled with messages.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cluster/messaging/send.h"
#include "cluster/packet.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/wire/layout.h"

namespace muster {

/// A channel to a peer, or all who subscribe to a topic.
struct Destination {
  TopicNumber topic = 0;  ///< 0: the channel
  Recipient to{};
  std::uint32_t join = 0;  ///< Credit::join() of that peer; 0 when inline
};

/// On its way to the engine thread it stands in the packet itself, where the header will be
/// written.
struct Outgoing {
  Destination destination{};
  std::uint32_t messages = 0;  ///< that end in the packet

  void store(Packet& packet) const { std::memcpy(packet.data, this, sizeof *this); }
  static Outgoing load(const Packet& packet) {
    Outgoing outgoing;
    std::memcpy(static_cast<void*>(&outgoing), packet.data, sizeof outgoing);
    return outgoing;
  }
};
static_assert(sizeof(Outgoing) <= sizeof(wire::Header));
static_assert(std::is_trivially_copyable_v<Outgoing>);

}  // namespace muster
