// What is near to what in this machine: cores, memory, devices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interfaces/file_tree.h"

namespace muster {

/// Where a core is.
struct CorePlace {
  std::uint32_t number = 0;
  int node = 0;                           ///< of memory (NUMA)
  bool isolated = false;                  ///< the scheduler leaves it alone (isolcpus)
  std::vector<std::uint32_t> siblings{};  ///< the others that share its execution units
};

struct Topology {
  std::vector<CorePlace> cores{};  ///< that are online, in the order of their numbers

  /// nullptr: it is not online.
  const CorePlace* find(std::uint32_t number) const;
  std::vector<std::uint32_t> cores_of(int node) const;
};

/// A machine whose kernel knows no nodes is one node, 0.
Topology read_topology(const FileTree& files);
/// That the device in this folder of sysfs ("sys/class/net/eth1/device") is nearest to; nothing
/// where the kernel does not say, as of machines of one node.
std::optional<int> node_of_device(const FileTree& files, const std::string& folder);
/// "0-3,8": how the kernel writes sets of processors. `numbers` ascend.
std::string ranges_of(const std::vector<std::uint32_t>& numbers);

}  // namespace muster
