// What the ring from the engine to the application carries.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "cluster/packet.h"
#include "node/event.h"

namespace muster {

/// One word: an event, or a message where it lies in its packet. Besides the pointer it holds a tag
/// (the ring leaves bits 1 and 2 to us) and, for a message, where in the packet it begins: user
/// space addresses have 48 bits, and packets are shorter than 64 KiB.
///
/// It owns what it names: one reference to the packet, or the event.
class Word {
 public:
  Word() = default;

  static Word message(Packet& packet, const std::byte* at) {
    const auto offset = static_cast<std::uint64_t>(at - packet.data);
    assert(offset <= UINT16_MAX);
    return Word(address_of(&packet) | message_tag | offset << offset_shift);
  }
  static Word event(Event* event) { return Word(address_of(event)); }

  bool is_message() const { return (bits_ & message_tag) != 0; }
  Packet& packet() const { return *reinterpret_cast<Packet*>(address()); }
  /// The first byte of the message's wire::Message.
  const std::byte* message_at() const { return packet().data + (bits_ >> offset_shift); }
  Event* event() const { return reinterpret_cast<Event*>(address()); }

 private:
  static constexpr unsigned offset_shift = 48;
  static constexpr std::uint64_t message_tag = 2;
  static constexpr std::uint64_t address_mask = (std::uint64_t{1} << offset_shift) - 8;

  explicit Word(std::uint64_t bits) : bits_(bits) {}
  static std::uint64_t address_of(const void* pointer) {
    const auto address = reinterpret_cast<std::uint64_t>(pointer);
    assert((address & ~address_mask) == 0);
    return address;
  }
  std::uint64_t address() const { return bits_ & address_mask; }

  std::uint64_t bits_;
};
static_assert(sizeof(void*) == 8, "a word holds a pointer of 48 bits and an offset of 16");

}  // namespace muster
