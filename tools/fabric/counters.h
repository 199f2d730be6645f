// What the switch counts, for each port.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tools/fabric/frame_info.h"

namespace muster::fabric {

/// Why a frame did not go on. What is lost on its way into the switch counts at the port it
/// came from; what is lost on its way out, at the port it would have left by.
enum class Drop : std::uint8_t {
  loss,        ///< the seeded loss of a link
  rule,        ///< "drop the next …"
  partition,   ///< the ports are in different groups
  cut,         ///< this direction between the two ports is cut
  malformed,   ///< shorter than an Ethernet header
  own_port,    ///< its destination is on the port it came from
  delay_full,  ///< more frames under way than the configuration allows
  port_full,   ///< the member at the port does not take its frames fast enough
  no_link,     ///< nobody is connected to the port
  no_buffer,   ///< no buffer was left for a copy
  too_long,    ///< than the switch's mtu allows
};
inline constexpr std::array<std::string_view, 11> drop_names = {
    "loss",       "rule",      "partition", "cut",       "malformed", "own_port",
    "delay_full", "port_full", "no_link",   "no_buffer", "too_long"};
static_assert(static_cast<std::size_t>(Drop::too_long) + 1 == drop_names.size());

/// Frames in one direction through a port.
struct Traffic {
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  std::array<std::uint64_t, kind_count> unicast{};  ///< frames of each kind
  std::array<std::uint64_t, kind_count> multicast{};

  void count(const FrameInfo& info) {
    ++frames;
    bytes += info.bytes;
    ++(info.multicast ? multicast : unicast)[info.kind];
  }
};

struct PortCounters {
  Traffic in;   ///< what the member sent, whatever became of it
  Traffic out;  ///< what was given to the member
  std::array<std::uint64_t, drop_names.size()> dropped{};

  void drop(Drop cause) { ++dropped[static_cast<std::size_t>(cause)]; }
};

}  // namespace muster::fabric
