#include "node/core_choice.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace muster {
namespace {

bool contains(const std::vector<std::uint32_t>& cores, std::uint32_t core) {
  return std::ranges::find(cores, core) != cores.end();
}

bool is_near(const CorePlace& core, const PortPlace& port) {
  return !port.node || core.node == *port.node;
}

}  // namespace

std::vector<std::uint32_t> cores_near(const PortPlace& port, std::size_t count,
                                      const Topology& topology,
                                      const std::vector<std::uint32_t>& usable,
                                      bool (*fit)(const CorePlace&),
                                      std::optional<std::uint32_t> taken) {
  std::set<std::uint32_t> occupied;  // with all that shares units with it
  const auto occupy = [&occupied](const CorePlace& core) {
    occupied.insert(core.number);
    occupied.insert(core.siblings.begin(), core.siblings.end());
  };
  if (taken)
    if (const CorePlace* core = topology.find(*taken)) occupy(*core);
  std::vector<std::uint32_t> chosen;
  for (const CorePlace& core : topology.cores) {
    if (chosen.size() == count) break;
    if (!fit(core) || !is_near(core, port) || !contains(usable, core.number) ||
        occupied.contains(core.number))
      continue;
    chosen.push_back(core.number);
    occupy(core);
  }
  return chosen;
}

std::vector<std::uint32_t> choose_io_cores(const CoresConfig& asked, std::size_t queues,
                                           const PortPlace& port, const Topology& topology,
                                           const std::vector<std::uint32_t>& usable) {
  if (!asked.io.empty()) return asked.io;
  const auto isolated = [](const CorePlace& core) { return core.isolated; };
  auto chosen = cores_near(port, queues, topology, usable, isolated, asked.engine);
  // Some pinned and some not would be neither what was asked for nor what is best.
  return chosen.size() == queues ? chosen : std::vector<std::uint32_t>{};
}

std::vector<std::string> cautions_of(const std::vector<std::uint32_t>& io,
                                     std::optional<std::uint32_t> engine, const PortPlace& port,
                                     const Topology& topology) {
  std::vector<std::string> cautions;
  std::vector<std::uint32_t> all = io;
  if (engine) all.push_back(*engine);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CorePlace* core = topology.find(all[i]);
    if (core == nullptr) continue;
    if (!is_near(*core, port))
      cautions.push_back(
          fmt::format("core {} is on node {}, the NIC {} on node {}: each packet crosses between "
                      "them; cores of node {}: {}",
                      core->number, core->node, port.name, *port.node, *port.node,
                      ranges_of(topology.cores_of(*port.node))));
    for (std::size_t other = 0; other < std::min(i, io.size()); ++other)
      if (contains(core->siblings, all[other]))
        cautions.push_back(
            fmt::format("core {} shares its units with core {}, which an I/O thread has: each "
                        "slows the other down; give them cores of their own",
                        core->number, all[other]));
  }
  return cautions;
}

}  // namespace muster
