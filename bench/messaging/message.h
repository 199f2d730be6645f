// What stands in a message of ours: which one it is, and when it was due.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "cluster/types.h"

namespace muster::bench {

inline constexpr std::size_t message_bytes_min = 8;

/// Messages of one run are numbered from 0. Those of an earlier run may still be under way when
/// the next begins, so the run is part of it.
struct Stamp {
  std::uint16_t run = 0;
  std::uint64_t number = 0;  ///< below 2^48
  TimeNs due_ns = 0;         ///< only in messages with room for it
};

inline constexpr unsigned number_bits = 48;
inline constexpr std::size_t bytes_with_due = 16;
/// From this size on the end says again which message it is: none of the middle is missing then.
inline constexpr std::size_t bytes_with_end = 24;

/// Leaves the bytes between as they are. In the byte order of this machine.
inline void write_stamp(std::span<std::byte> message, const Stamp& stamp) {
  const std::uint64_t which = std::uint64_t{stamp.run} << number_bits | stamp.number;
  std::memcpy(message.data(), &which, sizeof which);
  if (message.size() >= bytes_with_due) {
    std::memcpy(message.data() + sizeof which, &stamp.due_ns, sizeof stamp.due_ns);
  }
  if (message.size() >= bytes_with_end) {
    std::memcpy(message.data() + message.size() - sizeof which, &which, sizeof which);
  }
}

/// Nothing where the bytes are no message of ours.
inline std::optional<Stamp> read_stamp(std::span<const std::byte> message) {
  std::uint64_t which = 0;
  if (message.size() < message_bytes_min) return std::nullopt;
  std::memcpy(&which, message.data(), sizeof which);
  Stamp stamp{.run = static_cast<std::uint16_t>(which >> number_bits),
              .number = which & ((std::uint64_t{1} << number_bits) - 1)};
  if (message.size() >= bytes_with_due) {
    std::memcpy(&stamp.due_ns, message.data() + sizeof which, sizeof stamp.due_ns);
  }
  if (message.size() >= bytes_with_end) {
    std::uint64_t end = 0;
    std::memcpy(&end, message.data() + message.size() - sizeof end, sizeof end);
    if (end != which) return std::nullopt;
  }
  return stamp;
}

}  // namespace muster::bench
