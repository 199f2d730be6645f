#include "node/config_ranges.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

#include <fmt/format.h>

#include "cluster/config.h"
#include "cluster/mtu.h"
#include "node/duration.h"

namespace muster {
namespace {

using enum Range::Kind;

constexpr std::uint64_t mebi = 1 << 20;

constexpr std::array ranges{
    Range{"mtu", number, mtu_min, mtu_max},
    Range{"vlan", number, 1, 4094},
    Range{"port", number, 1, 65535},
    Range{"timers.heartbeat_interval", duration, 100 * us, 60 * second},
    Range{"timers.suspect_after", duration, 200 * us, 600 * second},
    Range{"timers.dead_after", duration, 100 * us, 600 * second},
    Range{"timers.join_listen", duration, 1 * ms, 60 * second},
    Range{"timers.request_jitter", duration, 0, 10 * second},
    Range{"timers.request_timeout", duration, 100 * us, 60 * second},
    Range{"timers.retransmit_min", duration, 10 * us, 10 * second},
    Range{"timers.retransmit_max", duration, 100 * us, 60 * second},
    Range{"timers.stall_threshold", duration, 10 * us, 60 * second},
    Range{"timers.port_lost_after", duration, 10 * ms, 600 * second},
    Range{"io_threads", number, 1, 8},
    Range{"cores.io", number, 0, 1023},
    Range{"cores.engine", number, 0, 1023},
    Range{"dpdk.memory_mb", number, 16, mebi},
    Range{"limits.pool_packets", number, 256, 4 * mebi},
    Range{"limits.event_queue", power_of_two, 64, mebi},
    Range{"limits.event_backlog", number, 1024, 256 * mebi},
    Range{"limits.event_backlog_bytes", number, mebi, (std::uint64_t{1} << 32) - 1},
    Range{"limits.command_queue", power_of_two, 64, mebi},
    Range{"limits.members", number, 2, 65535},
    Range{"limits.helpers", number, 0, 64},
    Range{"limits.calls", number, 1, mebi},
    Range{"limits.window_packets", number, 1, window_packets_max},
    Range{"limits.queue_packets", number, 1, 65536},
    Range{"limits.topics", number, 0, 1024},
    Range{"limits.retained_packets", number, 0, mebi},
    Range{"limits.subscriptions", number, 0, 1024},
    Range{"limits.streams", number, 0, 65536},
    Range{"limits.kept_packets", number, 0, mebi},
    Range{"limits.long_message_bytes", number, 0, std::uint64_t{1} << 32},
    Range{"limits.tree_bytes", number, mebi, std::uint64_t{1} << 40},
    Range{"limits.tombstone_bytes", number, 0, std::uint64_t{1} << 32},
    Range{"limits.change_log_bytes", number, 0, std::uint64_t{1} << 32},
    Range{"limits.bindings_per_step", number, 1, mebi},
    Range{"limits.answer_pages", number, 1, 255},
    Range{"limits.answer_packets_per_ms", number, 1, mebi},
    Range{"limits.repair_threshold", number, 0, 65535},
};

}  // namespace

bool Range::holds(std::uint64_t value) const {
  return value >= min && value <= max && (kind != power_of_two || std::has_single_bit(value));
}

std::string Range::refuse(std::string_view value) const {
  const std::string what = kind == power_of_two ? "a power of two" : "a number";
  if (kind == duration)
    return fmt::format("is {}: give a length of time from {} to {}", value, duration_text(min),
                       duration_text(max));
  return fmt::format("is {}: give {} from {} to {}", value, what, min, max);
}

const Range& range_of(std::string_view field) {
  const auto* found = std::ranges::find(ranges, field, &Range::field);
  assert(found != ranges.end());
  return *found;
}

}  // namespace muster
