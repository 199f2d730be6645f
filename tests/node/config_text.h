// Configurations as text, and what is said of them.
#pragma once

#include <string>
#include <string_view>

#include "node/config_file.h"

namespace muster::test {

inline std::string mistakes(std::string_view toml) {
  try {
    parse_config(toml, "node.toml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

inline constexpr std::string_view required =
    "name = \"a\"\ncluster = \"c\"\naddress = \"10.77.0.1/24\"\ntransport = \"socket\"\n";

/// In a file that would be right without `toml`.
inline std::string mistakes_below_the_required(std::string_view toml) {
  return mistakes(std::string(required) + std::string(toml));
}

inline NodeConfig right() { return parse_config(required, "node.toml"); }

/// The only mistake there is.
inline std::string mistake(const NodeConfig& config) {
  const auto found = find_mistakes(config);
  return found.size() == 1 ? found[0].field + ": " + found[0].text
                           : std::to_string(found.size()) + " mistakes";
}

}  // namespace muster::test
