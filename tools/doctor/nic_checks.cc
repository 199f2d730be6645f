#include "tools/doctor/nic_checks.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "dpdk_transport/port_choice.h"

namespace muster::doctor {
namespace {

Finding find_way(std::string_view name, const dpdk::NicFacts& facts, DurationNs kernel_way_ns) {
  Finding finding{.topic = fmt::format("nic {}", name)};
  try {
    const dpdk::PortChoice choice = dpdk::choose_port(name, std::nullopt, facts);
    finding.found =
        fmt::format("a member goes over it by {}, since {}", dpdk::word(choice.way), choice.why);
    if (choice.better.empty()) return finding;
    finding.verdict = Verdict::costs;
    finding.cost_ns = kernel_way_ns;
    finding.measured = kernel_way_ns > 0;
    finding.remedy = choice.better;
  } catch (const StartError& error) {
    const std::string_view sentence = error.what();
    const std::size_t colon = sentence.rfind(": ");  // what is in the way, and the remedy
    finding.verdict = Verdict::cuts_off;
    finding.found = sentence.substr(0, colon);
    finding.remedy = colon == std::string_view::npos ? "" : sentence.substr(colon + 2);
  }
  return finding;
}

}  // namespace

std::vector<Finding> diagnose_nics(const dpdk::NicFacts& facts, DurationNs kernel_way_ns) {
  std::vector<Finding> findings;
  std::set<std::string_view> seen;
  for (const dpdk::Interface& interface : facts.interfaces) {
    if (interface.pci.empty()) continue;
    seen.insert(interface.pci);
    findings.push_back(find_way(interface.name, facts, kernel_way_ns));
  }
  for (const dpdk::PciNic& nic : facts.nics)
    if (!seen.contains(nic.address))
      findings.push_back(find_way(nic.address, facts, kernel_way_ns));
  return findings;
}

}  // namespace muster::doctor
