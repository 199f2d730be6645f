// Reads a node's configuration from a TOML file.
#pragma once

#include <string>
#include <string_view>

#include "node/config.h"

namespace muster {

/// Throws ConfigError: one line "FILE:LINE: FIELD: what is wrong, and the remedy" for each mistake
/// in the file, all of them at once.
NodeConfig load_config(const std::string& path);
/// The same from text; `name` stands for the file's name in the messages.
NodeConfig parse_config(std::string_view toml, const std::string& name);

}  // namespace muster
