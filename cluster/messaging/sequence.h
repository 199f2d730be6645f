// Numbers the packets of a session, and how such a number stands on the wire.
#pragma once

#include <cstdint>

namespace muster {

/// A packet's place in its session: 1, 2, 3 … without end; 0 is before the first.
using Sequence = std::int64_t;

/// On the wire a sequence is 32 bits and counts 1 … 2^32 - 1 and then 1 again: 0 says "no message"
/// and is skipped at the wrap (docs/protocol.md §7.2). So the wire counts modulo 2^32 - 1.
inline constexpr Sequence sequence_period = 0xffff'ffff;

constexpr std::uint32_t sequence_to_wire(Sequence sequence) {
  if (sequence <= sequence_period) return static_cast<std::uint32_t>(sequence);  // as nearly always
  return static_cast<std::uint32_t>((sequence - 1) % sequence_period + 1);
}

/// The sequence nearest to `near` (half a period or less away) that the wire writes so.
/// Negative where that lies before the beginning: no honest peer says it.
constexpr Sequence sequence_from_wire(std::uint32_t wire, Sequence near) {
  constexpr Sequence half = sequence_period / 2;
  Sequence distance = Sequence{wire} - near;
  if (distance >= -half && distance <= half) return near + distance;  // as nearly always
  distance %= sequence_period;
  if (distance > half) distance -= sequence_period;
  if (distance < -half) distance += sequence_period;
  return near + distance;
}

}  // namespace muster
