#include "cluster/messaging/channel.h"

#include <algorithm>

#include "cluster/messaging/message_writer.h"
#include "cluster/messaging/session.h"

namespace muster {

Channel::Channel(const Shared& shared, Session& session, ChannelId id,
                 std::uint64_t messages_before)
    : id_(id),
      session_(session),
      outbox_(shared.outbox),
      sending_(shared.config, shared.outbox, shared.stats, session.route(), messages_before),
      receiving_(shared.config.window_packets, shared.outbox.port(), shared.limit) {}

bool Channel::goes_on_with(Packet& packet) const { return midway_ || !continues_a_message(packet); }

void Channel::push(Packet& packet, std::uint32_t messages) {
  midway_ = session_head(packet).messages > messages;
  sending_.push(packet, messages);
}

std::uint32_t Channel::transmit(TimeNs now, std::uint32_t packets_max) {
  return sending_.transmit(
      now, packets_max, [this](Packet& packet, Sequence sequence) { complete(packet, sequence); });
}

/// The messages, and how many they are, stand in the packet already.
void Channel::complete(Packet& packet, Sequence sequence) {
  outbox_.stamp(packet, wire::Type::session);
  session_head(packet).sequence = sequence_to_wire(sequence);
  if (!acknowledge_in(packet)) return;
  ChannelListHook<OwesAcknowledgement>& owes = *this;
  if (owes.is_linked()) owes.unlink();
}

bool Channel::send_acknowledgement() {
  Packet* packet = outbox_.open(wire::Type::session);
  if (packet == nullptr) return false;
  append(*packet, wire::Session{});
  acknowledge_in(*packet);
  outbox_.send(*packet, session_.route().endpoint);
  return true;
}

bool Channel::acknowledge_in(Packet& packet) {
  wire::Session& head = session_head(packet);
  head.receiver_incarnation = session_.peer().incarnation;
  head.channel = id_;
  receiving_.describe(head);
  head.away = outbox_.away();
  return receiving_.append_selective(packet, head);
}

}  // namespace muster
