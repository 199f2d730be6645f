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

/// What the choice hangs on, besides the configuration.
struct Surroundings {
  std::size_t queues = 1;  ///< of the port
  std::size_t cores = 1;   ///< that the node may use
  bool wakes = false;      ///< the port, whoever sleeps on it (Transport::descriptors())
};
IdleChoice choose_idle(const NodeConfig& config, const Surroundings& found);

}  // namespace muster
