// What the ring from the engine to the application carries.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "cluster/packet.h"
#include "node/event.h"

namespace muster {

/// One word: an event, or a packet of messages, of a channel or of a topic. Besides the pointer it
/// holds a tag (the ring leaves bits 1 and 2 to us).
///
/// It owns what it names: one reference to the packet, or the event.
class Word {
 public:
  Word() = default;

  static Word messages(Packet& packet) { return Word(address_of(&packet) | messages_tag); }
  static Word publication(Packet& packet) {
    return Word(address_of(&packet) | messages_tag | topic_tag);
  }
  static Word event(Event* event) { return Word(address_of(event)); }

  bool has_messages() const { return (bits_ & messages_tag) != 0; }
  /// Of one that has messages: they are those of a topic.
  bool of_a_topic() const { return (bits_ & topic_tag) != 0; }
  Packet& packet() const { return *reinterpret_cast<Packet*>(bits_ & ~(messages_tag | topic_tag)); }
  Event* event() const { return reinterpret_cast<Event*>(bits_); }

 private:
  static constexpr std::uint64_t messages_tag = 2;
  static constexpr std::uint64_t topic_tag = 4;

  explicit Word(std::uint64_t bits) : bits_(bits) {}
  static std::uint64_t address_of(const void* pointer) {
    const auto address = reinterpret_cast<std::uint64_t>(pointer);
    assert(address % 8 == 0);
    return address;
  }

  std::uint64_t bits_;
};
static_assert(sizeof(void*) == 8, "a word holds a pointer");

}  // namespace muster
