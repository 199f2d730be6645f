// A node over a transport that the caller brings: for tests. Not installed.
#pragma once

#include <memory>

#include "node/node.h"

namespace muster {

/// `config` is checked, except that nothing is opened. Throws as Node does.
Node make_node(const NodeConfig& config, Handler& handler, std::unique_ptr<Transport> transport);

}  // namespace muster
