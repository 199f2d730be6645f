// Writes messages into packets, several into one or one into several (docs/protocol.md §8.1, §8.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "cluster/events.h"
#include "cluster/packet.h"
#include "cluster/wire/layout.h"

namespace muster {

/// Where the first message of a packet begins.
inline constexpr std::size_t messages_offset = sizeof(wire::Header) + sizeof(wire::Session);
/// Where its payload begins, if it is data, whole and the first: who writes it there himself spares
/// the copy.
inline constexpr std::size_t payload_offset = messages_offset + sizeof(wire::Message);

inline wire::Session& session_head(Packet& packet) {
  return *reinterpret_cast<wire::Session*>(packet.data + sizeof(wire::Header));
}

inline const wire::Publication& publication_head(const Packet& packet) {
  return *reinterpret_cast<const wire::Publication*>(packet.data + sizeof(wire::Header));
}

/// What a message is, beside its payload.
struct MessageHead {
  wire::MessageKind kind = wire::MessageKind::data;
  CallId call = 0;                     ///< request and response
  CallStatus status = CallStatus::ok;  ///< response
  std::string_view path = {};          ///< request; a valid_path()
};

/// The first message in the packet began in another.
bool continues_a_message(Packet& packet);

/// Makes an empty packet one of messages, with none in it yet.
void begin_messages(Packet& packet);

/// One message on its way into packets. What its views name outlives it.
class MessageWriter {
 public:
  MessageWriter(const MessageHead& head, std::span<const std::byte> payload)
      : head_(head), payload_(payload) {}

  /// What is written from here on lies in `memory`, and packets of `port` refer to it where that
  /// pays, if it is lendable.
  void lend(PacketPort& port, MessageMemory& memory) {
    port_ = memory.is_lendable() ? &port : nullptr;
    memory_ = &memory;
  }

  /// What is not written yet fits `bytes`, as one message or its last piece.
  bool fits(std::size_t bytes) const;
  /// Writes all of it behind what stands in the packet, or, of one that is too long for any packet,
  /// as much as there is room for: the rest begins the next packet. False: there was no room.
  bool write(Packet& packet);
  /// All of it has been written.
  bool done() const { return done_; }
  /// Of the payload, in bytes.
  std::size_t written() const { return written_; }
  /// The same payload lies elsewhere from now on. Requires that the first piece has been written.
  void move_to(std::span<const std::byte> payload) {
    head_.path = {};
    payload_ = payload;
  }

 private:
  /// Bytes between the packet's messages and the payload.
  std::size_t head_bytes(bool more) const;
  void write_piece(Packet& packet, std::size_t bytes, bool more);
  void write_payload(Packet& packet, std::span<const std::byte> piece);

  MessageHead head_;
  std::span<const std::byte> payload_;
  PacketPort* port_ = nullptr;  ///< null: nothing is lent
  MessageMemory* memory_ = nullptr;
  std::size_t written_ = 0;
  bool done_ = false;
};

/// Writes a whole message of data behind what stands in the packet. False: there was no room.
bool append_data(Packet& packet, std::span<const std::byte> payload);

/// Makes the payload that stands at payload_offset of an empty packet its first message.
void write_head_in_place(Packet& packet, std::size_t payload_bytes);

}  // namespace muster
