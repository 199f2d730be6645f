// Two members "a" and "b" at the ends of one memif.
#pragma once

#include <string_view>

#include <fmt/format.h>

#include "node/config.h"
#include "tools/lab/temporary_folder.h"

namespace muster::test {

/// Sanitizers make everything late: nobody shall be accused for it.
inline NodeConfig memif_config(const TemporaryFolder& folder, std::string_view name) {
  const bool server = name == "b";
  NodeConfig config;
  config.name = name;
  config.cluster = "memif";
  config.device = fmt::format("net_memif{},role={},id=0,socket={}", server ? 1 : 0,
                              server ? "server" : "client", (folder / "memif.sock").string());
  config.address = server ? "10.77.0.2/24" : "10.77.0.1/24";
  config.dpdk.memory_mb = 160;  // of both, as they run in one process
  config.membership.join_listen_ns = 300 * ms;
  config.membership.suspect_after_ns = 8 * second;
  config.membership.dead_after_ns = 4 * second;
  return config;
}

}  // namespace muster::test
