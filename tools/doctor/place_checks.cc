#include "tools/doctor/place_checks.h"

#include <fmt/format.h>

namespace muster::doctor {

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
  const auto any = [](const CorePlace&) { return true; };
  const auto better = cores_near(port, io_threads + 1, topology, usable, any);
  finding.remedy =
      better.size() > io_threads
          ? fmt::format("[cores] io = [{}], engine = {}",
                        fmt::join(better.begin(), better.end() - 1, ", "), better.back())
          : "leave [cores] out: this member may not run on enough cores there (taskset -cp $$)";
  return finding;
}

}  // namespace muster::doctor
