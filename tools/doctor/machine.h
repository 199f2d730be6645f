// What there is to know about a machine without measuring.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/types.h"
#include "interfaces/file_tree.h"

namespace muster::doctor {

struct Core {
  int number = 0;
  bool isolated = false;        ///< the scheduler leaves it alone (isolcpus)
  std::vector<int> siblings{};  ///< the others that share its execution units
  std::string governor{};       ///< of its frequency; empty: the kernel does not govern it
  DurationNs governor_ns = 0;   ///< to change the frequency
  std::string idle_state{};  ///< the deepest that it may sleep in; empty: the kernel does not say
  DurationNs wake_ns = 0;    ///< to wake from there
};

/// Memory that is nearer to some cores than to others.
struct MemoryNode {
  int number = 0;
  std::uint64_t huge_bytes = 0;  ///< in huge pages that are set aside, of all sizes
  std::uint64_t huge_free_bytes = 0;
};

struct Bridge {
  std::string name{};
  bool snoops = false;   ///< hands multicast only to who has asked for it
  bool queries = false;  ///< asks who is in which group
};

struct Machine {
  std::vector<Core> cores;
  std::vector<MemoryNode> nodes;
  std::vector<Bridge> bridges;
  std::string clock_source;
  std::size_t iommu_groups = 0;
  bool transparent_huge_pages = false;  ///< to be had by who asks
  std::optional<double> waiting{};      ///< share of ten seconds in which a thread lacked a core
  std::uint64_t receive_buffer_bytes_max = 0;       ///< of a socket; 0: the kernel does not say
  std::optional<std::uint64_t> locked_bytes_max{};  ///< none: no limit
};

Machine read_machine(const FileTree& files);

}  // namespace muster::doctor
