// DPDK's environment abstraction layer, started from our own configuration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/errors.h"

namespace muster::dpdk {

using muster::StartError;

/// Nobody has to write EAL arguments; who wants to may add some.
struct EalConfig {
  std::uint32_t memory_mb = 64;                ///< for packets and all else, taken at the start
  bool hugepages = false;                      ///< false: ordinary pages, as an ordinary user
  bool pci = false;                            ///< look for PCI devices: needed for a PCI address
  std::vector<std::string> extra_arguments{};  ///< after our own, so that they win
  friend bool operator==(const EalConfig&, const EalConfig&) = default;
};

/// Starts the EAL, once for the process; again with an equal configuration is fine. Leaves no
/// file behind, however the process ends. The caller's CPU affinity and signal
/// mask stay as they were. Throws StartError.
///
/// DPDK's log is quiet below errors, unless `extra_arguments` has a --log-level.
void start_eal(const EalConfig& config);

/// Gives the calling thread a cache of its own in every packet pool, until it ends: taking and
/// giving packets back is then much cheaper. The thread that called start_eal() has one. False
/// when DPDK has no room for one more thread (128 in all): it works all the same, slower.
bool register_thread();

}  // namespace muster::dpdk
