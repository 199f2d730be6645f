#include "tools/doctor/machine.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "interfaces/topology.h"

namespace muster::doctor {
namespace {

/// The deepest of the states that are not switched off.
void read_idle_state(const FileTree& files, const std::string& folder, Core& core) {
  for (const std::string& name : files.names(folder + "/cpuidle")) {
    const std::string at = folder + "/cpuidle/" + name;
    const DurationNs takes_ns = files.number(at + "/latency").value_or(0) * 1000;
    if (files.number(at + "/disable").value_or(0) != 0 || takes_ns < core.wake_ns) continue;
    core.wake_ns = takes_ns;
    core.idle_state = files.text(at + "/name").value_or(name);
  }
}

std::vector<Core> read_cores(const FileTree& files) {
  std::vector<Core> cores;
  for (const CorePlace& place : read_topology(files).cores) {
    const std::string folder = fmt::format("sys/devices/system/cpu/cpu{}", place.number);
    Core core{.number = static_cast<int>(place.number),
              .isolated = place.isolated,
              .siblings = {place.siblings.begin(), place.siblings.end()}};
    core.governor = files.text(folder + "/cpufreq/scaling_governor").value_or("");
    core.governor_ns = files.number(folder + "/cpufreq/cpuinfo_transition_latency").value_or(0);
    read_idle_state(files, folder, core);
    cores.push_back(std::move(core));
  }
  return cores;
}

std::vector<MemoryNode> read_nodes(const FileTree& files) {
  std::vector<MemoryNode> nodes;
  const std::string all = "sys/devices/system/node";
  for (const int number : numbers_in(files.text(all + "/online").value_or("0"))) {
    MemoryNode node{.number = number};
    const std::string pages = fmt::format("{}/node{}/hugepages", all, number);
    for (const std::string& size : files.names(pages)) {
      const std::uint64_t bytes = huge_page_bytes(size);
      const std::string at = pages + "/" + size;
      node.huge_bytes += bytes * files.number(at + "/nr_hugepages").value_or(0);
      node.huge_free_bytes += bytes * files.number(at + "/free_hugepages").value_or(0);
    }
    nodes.push_back(node);
  }
  return nodes;
}

std::vector<Bridge> read_bridges(const FileTree& files) {
  std::vector<Bridge> bridges;
  for (const std::string& name : files.names("sys/class/net")) {
    const std::string at = "sys/class/net/" + name + "/bridge";
    const auto snoops = files.number(at + "/multicast_snooping");
    if (!snoops) continue;
    const bool queries = files.number(at + "/multicast_querier").value_or(0) != 0;
    bridges.push_back({.name = name, .snoops = *snoops != 0, .queries = queries});
  }
  return bridges;
}

/// "some avg10=1.23 avg60=…": a percentage.
std::optional<double> read_waiting(const FileTree& files) {
  const auto pressure = files.text("proc/pressure/cpu");
  constexpr std::string_view key = "some avg10=";
  if (!pressure || !pressure->starts_with(key)) return std::nullopt;
  return std::strtod(pressure->c_str() + key.size(), nullptr) / 100;
}

/// Of this process: "Max locked memory  8388608  8388608  bytes".
std::optional<std::uint64_t> read_locked_max(const FileTree& files) {
  const std::string limits = files.text("proc/self/limits").value_or("");
  constexpr std::string_view key = "Max locked memory";
  const std::size_t at = limits.find(key);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t value = limits.find_first_not_of(' ', at + key.size());
  if (value == std::string::npos || limits.compare(value, 9, "unlimited") == 0) return std::nullopt;
  return std::strtoull(limits.c_str() + value, nullptr, 10);
}

}  // namespace

Machine read_machine(const FileTree& files) {
  Machine machine;
  machine.cores = read_cores(files);
  machine.nodes = read_nodes(files);
  machine.bridges = read_bridges(files);
  machine.clock_source =
      files.text("sys/devices/system/clocksource/clocksource0/current_clocksource").value_or("");
  machine.iommu_groups = files.names("sys/kernel/iommu_groups").size();
  machine.transparent_huge_pages = files.text("sys/kernel/mm/transparent_hugepage/enabled")
                                       .value_or("[never]")
                                       .find("[never]") == std::string::npos;
  machine.waiting = read_waiting(files);
  machine.receive_buffer_bytes_max = files.number("proc/sys/net/core/rmem_max").value_or(0);
  machine.locked_bytes_max = read_locked_max(files);
  return machine;
}

}  // namespace muster::doctor
