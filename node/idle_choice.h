// How the threads of a node wait, where that is left to it (docs/adr/0028-how-a-node-waits.md).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "node/config.h"

namespace muster {

/// As a file spells it.
std::string_view word(Idle idle);

struct IdleChoice {
  Idle idle = Idle::backoff;  ///< not Idle::automatic
  std::string why;            ///< continues "since"
};

/// Of a node whose port has so many queues, and which may use so many cores.
IdleChoice choose_idle(const NodeConfig& config, std::size_t queues, std::size_t cores);

}  // namespace muster
