// How a subcommand says that it cannot start: one sentence that names the thing and the remedy.
#pragma once

#include <stdexcept>

namespace muster {

/// What was asked for makes no sense: exit status 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// It makes sense, and this machine refuses it: exit status 1.
struct StartError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace muster
