// One process's end of a way to pass messages to another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "bench/messaging/message.h"

namespace muster::bench {

/// Near sends and asks, far receives and answers.
enum class Role : std::uint8_t { near, far };

/// Where a process of the pair stands.
struct Place {
  Role role = Role::near;
  std::string directory;   ///< both processes can write here, and nobody else does
  std::uint16_t port = 0;  ///< UDP or TCP
  int core = 0;            ///< the process is pinned to it already
};

/// Hears what has arrived.
class Inbox {
 public:
  virtual ~Inbox() = default;
  virtual void on_message(const Arrival& message) = 0;
};

/// Reliable or not, a message arrives whole or not at all. One thread makes all calls; each is one
/// duty cycle, and returns at once.
class MessageEndpoint {
 public:
  virtual ~MessageEndpoint() = default;
  MessageEndpoint() = default;
  MessageEndpoint(const MessageEndpoint&) = delete;
  MessageEndpoint& operator=(const MessageEndpoint&) = delete;

  /// True once the other end can be reached. Throws where it never will be.
  virtual bool connect() = 0;
  virtual std::size_t message_bytes_max() const = 0;
  /// The largest message that travels in one packet.
  virtual std::size_t packet_message_bytes() const = 0;

  /// Room for the next message, filled with whatever; empty: would block. An earlier claim that
  /// was not committed is dropped.
  virtual std::span<std::byte> claim(std::size_t bytes) = 0;
  /// Sends what was claimed, at the latest with the next poll(). False: would block; claim again.
  /// May be called from within Inbox::on_message(), as claim() may.
  virtual bool commit() = 0;
  /// Moves what there is to move, and hands over what has arrived. Returns how much was done: 0,
  /// nothing.
  virtual std::size_t poll(Inbox& inbox) = 0;
};

}  // namespace muster::bench
