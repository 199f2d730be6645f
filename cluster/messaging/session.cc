#include "cluster/messaging/session.h"

namespace muster {

void Session::send(TimeNs now, Packet& packet) {
  wire::Session session = head();
  session.sequence = sequence_to_wire(send_window_.next());
  session.messages = 1;
  outbox_.stamp(packet, wire::Type::session);
  *reinterpret_cast<wire::Session*>(packet.data + sizeof(wire::Header)) = session;
  send_window_.send(now, packet, endpoint_);
}

bool Session::send_acknowledgement() {
  Packet* packet = outbox_.open(wire::Type::session);
  if (packet == nullptr) return false;
  append(*packet, head());
  outbox_.send(*packet, endpoint_);
  return true;
}

wire::Session Session::head() const {
  wire::Session session{};
  session.receiver_incarnation = peer_.incarnation;
  receive_window_.describe(session);
  return session;
}

}  // namespace muster
