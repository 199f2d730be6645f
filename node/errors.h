// How a node says that it cannot start or go on.
#pragma once

#include <stdexcept>

#include "cluster/errors.h"

namespace muster {

/// The configuration is wrong: what() has one line for each mistake.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace muster
