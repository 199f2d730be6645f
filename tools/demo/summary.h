// What the demo has shown, step by step.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace muster::demo {

struct Step {
  std::string name;
  bool ok = false;
  std::string reason;                                                ///< why not, when not ok
  nlohmann::ordered_json values = nlohmann::ordered_json::object();  ///< what was measured
};

struct Summary {
  std::vector<Step> steps;
  double seconds = 0;

  bool ok() const;
  /// {"ok", "seconds", "steps": [{"name", "ok", "values", "reason"}…]}.
  nlohmann::ordered_json to_json() const;
  /// A table for people.
  std::string to_text() const;
};

}  // namespace muster::demo
