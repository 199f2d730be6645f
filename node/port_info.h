// What a node's port is.
#pragma once

#include <string>

namespace muster {

/// As it was opened; it stays so.
struct PortInfo {
  std::string device;    ///< as it was opened: "net_af_packet3,iface=eth1"; of sockets the address
  std::string way;       ///< as PortWay is spelled in a file; "as written" of a vdev; "socket"
  std::string why;       ///< it goes this way; continues "since"
  std::string better{};  ///< what would be faster and how to get it, a sentence; empty: nothing
};

}  // namespace muster
