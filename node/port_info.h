// What a node's port is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
  std::size_t queues = 1;     ///< that it has for this member, each with an I/O thread of its own
  std::optional<int> node{};  ///< of the machine's memory, that its NIC is nearest to, if one is
  /// That its I/O threads are pinned to: CoresConfig::io, or as choose_io_cores() has found; none:
  /// wherever the kernel puts them.
  std::vector<std::uint32_t> io_cores{};
  std::vector<std::string> cautions{};  ///< what of these cores costs latency, a sentence each
};

}  // namespace muster
