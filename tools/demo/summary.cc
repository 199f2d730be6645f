#include "tools/demo/summary.h"

#include <algorithm>

#include <fmt/format.h>

namespace muster::demo {

bool Summary::ok() const { return !steps.empty() && std::ranges::all_of(steps, &Step::ok); }

nlohmann::ordered_json Summary::to_json() const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Step& step : steps) {
    rows.push_back({{"name", step.name}, {"ok", step.ok}, {"values", step.values}});
    if (!step.ok) rows.back()["reason"] = step.reason;
  }
  return {{"ok", ok()}, {"seconds", seconds}, {"steps", std::move(rows)}};
}

std::string Summary::to_text() const {
  std::string text = "\nSummary\n";
  for (const Step& step : steps) {
    text += fmt::format("  {:4} {:<44}", step.ok ? "ok" : "FAIL", step.name);
    for (const auto& [key, value] : step.values.items())
      if (!value.is_structured()) text += fmt::format(" {}={}", key, value.dump());
    if (!step.ok) text += "  " + step.reason;
    text += '\n';
  }
  return text + fmt::format("{} of {} steps ok in {:.1f} s\n",
                            std::ranges::count(steps, true, &Step::ok), steps.size(), seconds);
}

}  // namespace muster::demo
