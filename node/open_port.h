// Opens the port that a configuration names.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cluster/packet.h"
#include "node/config.h"
#include "node/port_info.h"
#include "node/stats.h"

namespace muster {

/// For one thread.
struct OpenQueue {
  std::unique_ptr<Transport> transport;
  /// What it counts, by name; for the thread that receives.
  std::function<std::vector<NamedCount>()> counters = [] { return std::vector<NamedCount>{}; };
};

struct OpenPort {
  /// One at least. Packets are of the whole port: each may go by any queue.
  std::vector<OpenQueue> queues = {};
  PortInfo info = {};
  /// For each thread that will touch packets, at its beginning.
  std::function<void()> enter_thread = [] {};
};

/// Throws StartError: one sentence that names what is in the way and the remedy.
OpenPort open_port(const NodeConfig& config);
/// The part of it that needs DPDK; `self` is the member's own address.
OpenPort open_dpdk_port(const NodeConfig& config, const Endpoint& self);
/// Of the machine's memory, that is nearest to the NIC which the last would open; looks only.
/// Throws StartError where there is no such port.
std::optional<int> node_of_dpdk_port(const NodeConfig& config);

}  // namespace muster
