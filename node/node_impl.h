// A node over a transport that the caller brings: for tests. Not installed.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "node/node.h"

namespace muster {

/// `config` is checked, except that nothing is opened; each transport is a queue of one port.
/// Throws as Node does.
Node make_node(const NodeConfig& config, Handler& handler,
               std::vector<std::unique_ptr<Transport>> queues);
inline Node make_node(const NodeConfig& config, Handler& handler,
                      std::unique_ptr<Transport> transport) {
  std::vector<std::unique_ptr<Transport>> queues;
  queues.push_back(std::move(transport));
  return make_node(config, handler, std::move(queues));
}

}  // namespace muster
