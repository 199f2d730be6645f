#include "tools/doctor/place_checks.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace muster::doctor {
namespace {

/// One of each group of siblings, on the port's node, as many as the threads take; or fewer.
std::vector<std::uint32_t> better_cores(std::size_t threads, const PortPlace& port,
                                        const Topology& topology,
                                        const std::vector<std::uint32_t>& usable) {
  std::set<std::uint32_t> taken;
  std::vector<std::uint32_t> better;
  for (const CorePlace& core : topology.cores) {
    if (better.size() == threads) break;
    if ((port.node && core.node != *port.node) || taken.contains(core.number) ||
        std::ranges::find(usable, core.number) == usable.end())
      continue;
    better.push_back(core.number);
    taken.insert(core.siblings.begin(), core.siblings.end());
  }
  return better;
}

}  // namespace

Finding diagnose_places(const CoresConfig& cores, std::size_t io_threads, const PortPlace& port,
                        const Topology& topology, const std::vector<std::uint32_t>& usable) {
  const auto io = choose_io_cores(cores, io_threads, port, topology, usable);
  const auto cautions = cautions_of(io, cores.engine, port, topology);
  Finding finding{.topic = "places"};
  if (cautions.empty()) {
    finding.found = io.empty() ? "the I/O threads run wherever the kernel puts them"
                               : fmt::format(
                                     "I/O threads run on {}, and nothing of the member is "
                                     "far from its NIC or shares units with another",
                                     ranges_of(io));
    return finding;
  }
  finding.verdict = Verdict::costs;
  finding.found = fmt::format("{}", fmt::join(cautions, "; "));
  const auto better = better_cores(io_threads + 1, port, topology, usable);
  finding.remedy =
      better.size() > io_threads
          ? fmt::format("[cores] io = [{}], engine = {}",
                        fmt::join(better.begin(), better.end() - 1, ", "), better.back())
          : "leave [cores] out: this member may not run on enough cores there (taskset -cp $$)";
  return finding;
}

}  // namespace muster::doctor
