#include "tools/doctor/command.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sched.h>

#include "cluster/config.h"
#include "dpdk_transport/nic_facts.h"
#include "interfaces/topology.h"
#include "node/config_file.h"
#include "node/open_port.h"
#include "tools/doctor/checks.h"
#include "tools/doctor/machine.h"
#include "tools/doctor/measurements.h"
#include "tools/doctor/meeting.h"
#include "tools/doctor/nic_checks.h"
#include "tools/doctor/place_checks.h"
#include "tools/doctor/report.h"
#include "tools/errors.h"

namespace muster::doctor {
namespace {

constexpr const char* description =
    "What stands between this machine and low latency, what each thing costs, and the command that "
    "mends it; looks, and measures for two seconds; changes nothing";

constexpr const char* examples = R"(Examples:
  muster doctor
      The first two cores that this process may run on, and what a member needs by default.
  muster doctor --config server.toml
      The cores, the memory and the port of that member.
  muster doctor --config server.toml --meet
      And the other members, from here: before this one is started.
  sudo muster doctor --seconds 60 --json
      Watches for a minute what takes a core away; as root it sees the firewall as well.

What cuts a member off comes first, then what costs most. "costs": measured here; "may cost": what
the kernel says of it.)";

struct Options {
  std::string config;
  double seconds = 1;
  bool meet = false;
  bool json = false;
};

std::vector<int> allowed_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
    throw StartError("cannot read which cores this process may run on");
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &allowed)) cores.push_back(core);
  return cores;
}

/// Those that the configuration names, else the isolated ones, else the first two.
std::vector<int> choose_cores(const Machine& machine, const NodeConfig* config) {
  std::vector<int> chosen;
  const auto choose = [&](int core) {
    if (std::ranges::find(chosen, core) == chosen.end()) chosen.push_back(core);
  };
  if (config != nullptr) {
    for (const std::uint32_t core : config->cores.io) choose(static_cast<int>(core));
    if (config->cores.engine) choose(static_cast<int>(*config->cores.engine));
  }
  const std::vector<int> allowed = allowed_cores();
  for (const Core& core : machine.cores)
    if (core.isolated && std::ranges::find(allowed, core.number) != allowed.end())
      choose(core.number);
  for (const int core : allowed) choose(core);
  return chosen;
}

/// Where its threads run, and how far that is from its NIC; no word of a port that cannot be
/// opened: the findings of its NIC have one.
std::optional<Finding> diagnose_member(const NodeConfig& config) {
  if (config.mode != Mode::pipelined) return std::nullopt;
  PortPlace port{.name = config.device, .node = {}};
  try {
    if (config.transport == TransportKind::dpdk) port.node = node_of_dpdk_port(config);
  } catch (const StartError&) {
    return std::nullopt;
  }
  const std::vector<int> allowed = allowed_cores();
  return diagnose_places(config.cores, config.io_threads, port, read_topology(FileTree()),
                         {allowed.begin(), allowed.end()});
}

int run(const Options& options) {
  std::optional<NodeConfig> config;
  if (!options.config.empty()) config = load_config(options.config);
  const Machine machine = read_machine(FileTree());
  const std::vector<int> cores = choose_cores(machine, config ? &*config : nullptr);
  Needs needs{.cores = {.first = cores.front(), .second = cores[cores.size() > 1 ? 1 : 0]}};
  if (config) {
    needs.memory_bytes = std::uint64_t{config->dpdk.memory_mb} << 20;
    needs.port = config->port;
  }
  const auto first = std::ranges::find(machine.cores, needs.cores.first, &Core::number);
  const bool siblings =
      first != machine.cores.end() &&
      std::ranges::find(first->siblings, needs.cores.second) != first->siblings.end();
  const Plan plan{.cores = needs.cores,
                  .alone = cores.size() < 2,
                  .siblings = siblings,
                  .jitter_ns = static_cast<DurationNs>(options.seconds * double{second})};
  const Measurements measured = take_measurements(plan, [&](const std::string& what) {
    if (!options.json) fmt::print(stderr, "measuring: {}\n", what);
  });
  std::vector<Finding> findings = diagnose(machine, ask_firewall(needs.port), measured, needs);
  const DurationNs kernel_way_ns = measured.loopback ? measured.loopback->round_trip_ns / 2 : 0;
  const dpdk::NicFacts facts = dpdk::read_nic_facts();
  std::ranges::move(diagnose_nics(facts, kernel_way_ns), std::back_inserter(findings));
  if (config)
    if (auto places = diagnose_member(*config)) findings.push_back(std::move(*places));
  if (options.meet) {
    if (!options.json) fmt::print(stderr, "joining cluster {} for some seconds\n", config->cluster);
    std::ranges::move(diagnose_meeting(meet(*config)), std::back_inserter(findings));
  }
  put_in_order(findings);
  if (options.json)
    fmt::print("{}\n", report_json(findings).dump(2));
  else
    fmt::print("\n{}", report_text(findings));
  return 0;
}

}  // namespace

void add_command(CLI::App& app, Action& chosen) {
  CLI::App& doctor = *app.add_subcommand("doctor", description);
  const auto options = std::make_shared<Options>();
  doctor.footer(examples);
  CLI::Option* config =
      doctor
          .add_option("--config", options->config, "of the member that shall run here: a TOML file")
          ->type_name("FILE");
  doctor
      .add_flag("--meet", options->meet,
                "joins its cluster for some seconds, as NAME-doctor: who answers, how fast, and "
                "whether packets of the full mtu arrive; that member must not run meanwhile")
      ->needs(config);
  doctor.add_option("--seconds", options->seconds, "to watch a core for [1]")
      ->check(CLI::Range(0.01, 3600.0))
      ->type_name("");
  doctor.add_flag("--json", options->json, "for programs");
  doctor.callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace muster::doctor
