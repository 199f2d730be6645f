#include "cluster/messaging/message_writer.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "cluster/outbox.h"

namespace muster {
namespace {

constexpr std::size_t piece_bytes_max = std::numeric_limits<std::uint16_t>::max();

void count_message(Packet& packet) {
  wire::Session& session = session_head(packet);
  session.messages = static_cast<std::uint16_t>(session.messages + 1);
}

wire::Message message_of(wire::MessageKind kind, std::uint8_t flags, std::size_t payload_bytes) {
  return {.kind = static_cast<std::uint8_t>(kind),
          .flags = flags,
          .payload_bytes = static_cast<std::uint16_t>(payload_bytes)};
}

}  // namespace

bool continues_a_message(Packet& packet) {
  if (session_head(packet).messages == 0) return false;
  const auto* first = reinterpret_cast<const wire::Message*>(packet.data + messages_offset);
  return (first->flags & wire::piece_continues) != 0;
}

void begin_messages(Packet& packet) {
  session_head(packet) = wire::Session{};
  packet.size = messages_offset;
}

void write_head_in_place(Packet& packet, std::size_t payload_bytes) {
  assert(packet.size == messages_offset && payload_bytes <= packet.capacity - payload_offset);
  append(packet, message_of(wire::MessageKind::data, 0, payload_bytes));
  packet.size += static_cast<std::uint32_t>(payload_bytes);
  count_message(packet);
}

bool append_data(Packet& packet, std::span<const std::byte> payload) {
  const std::size_t room = packet.room();
  if (sizeof(wire::Message) + payload.size() > room || payload.size() > piece_bytes_max)
    return false;
  append(packet, message_of(wire::MessageKind::data, 0, payload.size()));
  append(packet, payload);
  count_message(packet);
  return true;
}

std::size_t MessageWriter::head_bytes(bool more) const {
  std::size_t bytes = sizeof(wire::Message);
  if (written_ > 0) return bytes;
  if (more) bytes += sizeof(wire::Le32);
  if (head_.kind != wire::MessageKind::data) bytes += sizeof(wire::Call) + head_.path.size();
  return bytes;
}

bool MessageWriter::fits(std::size_t bytes) const {
  return payload_.size() - written_ <= piece_bytes_max &&
         head_bytes(false) + payload_.size() - written_ <= bytes;
}

bool MessageWriter::write(Packet& packet) {
  assert(written_ == 0 || packet.size == messages_offset);  // what goes on begins its packet
  const std::size_t room = packet.room();
  const std::size_t left = payload_.size() - written_;
  if (fits(room)) {
    write_piece(packet, left, false);
    return true;
  }
  const bool begins_here = !fits(packet.capacity - messages_offset) && !continues_a_message(packet);
  if ((written_ == 0 && !begins_here) || room <= head_bytes(true)) return false;
  write_piece(packet, std::min({left - 1, room - head_bytes(true), piece_bytes_max}), true);
  return true;
}

void MessageWriter::write_piece(Packet& packet, std::size_t bytes, bool more) {
  const bool first = written_ == 0;
  const auto flags = static_cast<std::uint8_t>((first ? 0 : wire::piece_continues) |
                                               (more ? wire::piece_more : 0));
  append(packet, message_of(head_.kind, flags, bytes));
  if (first) {
    if (more) append(packet, wire::Le32(static_cast<std::uint32_t>(payload_.size())));
    if (head_.kind == wire::MessageKind::request) {
      append(packet, wire::Call{.call = head_.call,
                                .detail = static_cast<std::uint8_t>(head_.path.size())});
      append(packet, std::as_bytes(std::span(head_.path)));
    } else if (head_.kind == wire::MessageKind::response) {
      append(packet,
             wire::Call{.call = head_.call, .detail = static_cast<std::uint8_t>(head_.status)});
    }
  }
  write_payload(packet, payload_.subspan(written_, bytes));
  count_message(packet);
  written_ += bytes;
  done_ = !more;
}

void MessageWriter::write_payload(Packet& packet, std::span<const std::byte> piece) {
  const bool pays = port_ != nullptr && piece.size() >= lent_bytes_min;
  if (!pays || !port_->attach(packet, piece, *memory_)) append(packet, piece);
}

}  // namespace muster
