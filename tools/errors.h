// How a subcommand says that it cannot start.
#pragma once

#include <stdexcept>

#include "cluster/errors.h"

namespace muster {

/// What was asked for makes no sense: exit status 2. StartError is status 1.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace muster
