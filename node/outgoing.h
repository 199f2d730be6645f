// What is to become of a packet that the application has written its payload into.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "cluster/events.h"
#include "cluster/member.h"
#include "cluster/messaging/send.h"
#include "cluster/wire/path.h"

namespace muster {

/// On its way to the engine thread it stands in the packet itself, where the headers will be
/// written; a request's path stands behind them, where it stays.
struct Outgoing {
  MemberKey to{};
  CallId call = 0;
  TimeNs deadline_ns = never_ns;  ///< of a call, on the monotonic clock
  std::uint32_t payload_bytes = 0;
  std::uint32_t join = 0;  ///< Credit::join()
  wire::MessageKind kind = wire::MessageKind::data;
  CallStatus status = CallStatus::ok;
  std::uint8_t path_bytes = 0;

  /// Where the payload begins in the packet.
  std::size_t payload_offset() const {
    return kind == wire::MessageKind::data ? message_offset : response_offset + path_bytes;
  }
  void store(Packet& packet) const { std::memcpy(packet.data, this, sizeof *this); }
  static Outgoing load(const Packet& packet) {
    Outgoing outgoing;
    std::memcpy(static_cast<void*>(&outgoing), packet.data, sizeof outgoing);
    return outgoing;
  }
};
static_assert(sizeof(Outgoing) <= message_offset);

/// Hands the packet to the session. Its reference passes over if the result is `sent`.
inline SendResult hand_over(Member& member, TimeNs now, const Outgoing& outgoing, Packet& packet) {
  switch (outgoing.kind) {
    case wire::MessageKind::data:
      return member.send(now, outgoing.to.id, packet, outgoing.payload_bytes);
    case wire::MessageKind::response:
      return member.reply(now, outgoing.to, outgoing.call, outgoing.status, packet,
                          outgoing.payload_bytes);
    case wire::MessageKind::request:
      break;
  }
  char path[wire::path_bytes_max];  // the member writes it where it stands now
  std::memcpy(path, packet.data + response_offset, outgoing.path_bytes);
  const DurationNs left = outgoing.deadline_ns > now ? outgoing.deadline_ns - now : 0;
  return member.call(now, outgoing.to.id, outgoing.call, {path, outgoing.path_bytes}, packet,
                     outgoing.payload_bytes, left);
}

}  // namespace muster
