// What stands in a message of ours: which one it is, and when it was due.
#pragma once

#include <algorithm>
#include <array>
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

/// A message as it has arrived, in one piece or in several: what a stamp needs of it.
class Arrival {
 public:
  using Bytes = std::span<const std::byte>;

  Arrival(Bytes whole)  // NOLINT(google-explicit-constructor): the usual case
      : Arrival(std::span<const Bytes>(&whole, 1), whole.size()) {}
  Arrival(std::span<const Bytes> pieces, std::size_t size) : size_(size) {
    if (pieces.size() == 1 && size >= bytes_with_end) {  // as nearly always, and soon done
      std::memcpy(front_.data(), pieces.front().data(), front_.size());
      std::memcpy(back_.data(), pieces.front().data() + size - back_.size(), back_.size());
      return;
    }
    std::size_t had = 0;
    for (auto piece = pieces.begin(); piece != pieces.end() && had < front_.size(); ++piece) {
      const Bytes part = piece->first(std::min(piece->size(), front_.size() - had));
      std::ranges::copy(part, front_.begin() + static_cast<std::ptrdiff_t>(had));
      had += part.size();
    }
    std::size_t left = back_.size();
    for (auto piece = pieces.rbegin(); piece != pieces.rend() && left > 0; ++piece) {
      const Bytes part = piece->last(std::min(piece->size(), left));
      left -= part.size();
      std::ranges::copy(part, back_.begin() + static_cast<std::ptrdiff_t>(left));
    }
  }

  std::size_t size() const { return size_; }
  const std::byte* front() const { return front_.data(); }
  const std::byte* back() const { return back_.data(); }

 private:
  std::size_t size_;
  std::array<std::byte, bytes_with_due> front_{};
  std::array<std::byte, sizeof(std::uint64_t)> back_{};
};

/// Nothing where the bytes are no message of ours.
inline std::optional<Stamp> read_stamp(const Arrival& message) {
  std::uint64_t which = 0;
  if (message.size() < message_bytes_min) return std::nullopt;
  std::memcpy(&which, message.front(), sizeof which);
  Stamp stamp{.run = static_cast<std::uint16_t>(which >> number_bits),
              .number = which & ((std::uint64_t{1} << number_bits) - 1)};
  if (message.size() >= bytes_with_due) {
    std::memcpy(&stamp.due_ns, message.front() + sizeof which, sizeof stamp.due_ns);
  }
  if (message.size() >= bytes_with_end) {
    std::uint64_t end = 0;
    std::memcpy(&end, message.back(), sizeof end);
    if (end != which) return std::nullopt;
  }
  return stamp;
}

}  // namespace muster::bench
