#include "tools/doctor/report.h"

#include <algorithm>

#include <fmt/format.h>

namespace muster::doctor {
namespace {

const char* word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::fine:
      return "fine";
    case Verdict::costs:
      return "costs";
    case Verdict::cuts_off:
      return "cuts_off";
  }
  return "";
}

std::string cost_text(const Finding& finding) {
  if (finding.verdict == Verdict::cuts_off) return "cuts off";
  if (finding.cost_ns == 0) return "costs";
  return fmt::format("{} {}", finding.measured ? "costs" : "may cost", about(finding.cost_ns));
}

}  // namespace

std::string report_text(std::span<const Finding> findings) {
  std::string text;
  const auto well = [](const Finding& finding) { return finding.verdict == Verdict::fine; };
  for (const Finding& finding : findings)
    if (!well(finding))
      text += fmt::format("{}: {}\n    {}\n    remedy: {}\n", finding.topic, cost_text(finding),
                          finding.found, finding.remedy);
  const auto fine = std::ranges::count_if(findings, well);
  text += fmt::format("\n{} of {} are fine:\n", fine, findings.size());
  for (const Finding& finding : findings)
    if (well(finding)) text += fmt::format("    {}: {}\n", finding.topic, finding.found);
  return text;
}

nlohmann::ordered_json report_json(std::span<const Finding> findings) {
  auto list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings)
    list.push_back({{"topic", finding.topic},
                    {"verdict", word_for(finding.verdict)},
                    {"found", finding.found},
                    {"cost_ns", finding.cost_ns},
                    {"measured", finding.measured},
                    {"remedy", finding.remedy}});
  return {{"findings", list}};
}

}  // namespace muster::doctor
