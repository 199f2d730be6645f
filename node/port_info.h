// What a node's port is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace muster {

/// As it was opened; it stays so.
struct PortInfo {
  std::string device;    ///< as it was opened: "net_af_packet3,iface=eth1"; of sockets the address
  std::string way;       ///< as PortWay is spelled in a file; "as written" of a vdev; "socket"
  std::string why;       ///< it goes this way; continues "since"
  std::string better{};  ///< what would be faster and how to get it, a sentence; empty: nothing
  /// What the port cannot do of what it was asked for, and who does it instead: "multicast filter:
  /// all frames, the rest in software". Not of sockets.
  std::vector<std::string> lowered{};
  std::size_t queues = 1;  ///< that it has for this member, each with an I/O thread of its own
};

}  // namespace muster
