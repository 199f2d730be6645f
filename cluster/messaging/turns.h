// How channels, and the followers of topics, share a transmit().
#pragma once

#include <cstdint>

namespace muster {

/// One of them sends so many packets before the next one has its turn.
inline constexpr std::uint32_t turn_packets = 8;
/// All together in one transmit(): heartbeats do not wait for longer.
inline constexpr std::uint32_t transmit_packets = 256;

}  // namespace muster
