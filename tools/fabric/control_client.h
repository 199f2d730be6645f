// Asks a running switch.
#pragma once

#include <string>

namespace muster::fabric {

/// Sends one request line and returns its answer, both without the line's end. Throws StartError
/// when nobody listens at `path`, or no answer comes within seconds.
std::string ask(const std::string& path, const std::string& request);

}  // namespace muster::fabric
