// How whatever starts up says that it cannot: one sentence that names the thing and the remedy.
#pragma once

#include <stdexcept>

namespace muster {

/// What was asked for makes sense, and this machine or this cluster refuses it.
struct StartError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace muster
