// What a node's configuration says to the protocol.
#pragma once

#include "cluster/config.h"
#include "node/config.h"

namespace muster {

/// `config` is valid; `self` is the transport's own address. Each call is another incarnation.
MemberConfig member_config(const NodeConfig& config, const Endpoint& self);

/// In the pool, in all.
std::uint32_t pool_packets(const NodeConfig& config);
/// Where the cluster's multicast goes.
Endpoint group_endpoint(const NodeConfig& config);

}  // namespace muster
