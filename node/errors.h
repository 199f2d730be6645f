// How a node says that it cannot start or go on: one sentence that names the thing and the remedy.
#pragma once

#include <stdexcept>

namespace muster {

/// The configuration makes sense, and this machine or this cluster refuses it.
struct StartError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The configuration is wrong: what() has one line for each mistake.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace muster
