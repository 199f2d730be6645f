// What a member can be told about congestion control.
#pragma once

#include <cstdint>

#include "cluster/types.h"

namespace muster {

enum class CongestionKind : std::uint8_t {
  /// The window is always the largest: for lines that lose nothing and that nobody shares.
  fixed,
  /// Reacts to queues, seen as delay, and to loss (docs/adr/0012).
  delay,
};

struct CongestionConfig {
  CongestionKind kind = CongestionKind::delay;
  std::uint32_t window_packets_start = 32;
  std::uint32_t window_packets_max = 1024;
  /// How much later than the lowest round trip an acknowledgement may come before the window
  /// shrinks: the queue that the senders on one line hold together. Longer than the time
  /// between two polls of a receiver. Never less than a quarter of the lowest round trip.
  DurationNs delay_margin_ns = 100'000;
  /// For how long a round trip counts among the lowest; longer where round trips are long.
  DurationNs lowest_kept_ns = 2'000'000'000;
};

}  // namespace muster
