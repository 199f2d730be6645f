#include "tools/doctor/checks.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace muster::doctor {
namespace {

/// Below so much a stretch is an interrupt of the timer, which takes that on any machine.
constexpr DurationNs tick_ns = 10'000;
/// A sleep that ends sooner does not show beside the system call that ended it.
constexpr DurationNs wake_ns = 2'000;
/// The clock by the processor's counter takes some 20 to 30 ns, all others a system call's time.
constexpr double clock_max_ns = 100;
/// What socket_transport asks the kernel for.
constexpr std::uint64_t receive_buffer_bytes = std::uint64_t{4} << 20;
/// Of the same access in ordinary pages, so much must be saved to be worth a word.
constexpr double huge_page_gain = 0.05;
constexpr double slowdown_max = 1.1;

struct Sight {
  const Machine& machine;
  const std::optional<Firewall>& firewall;
  const Measurements& measured;
  const Needs& needs;
};

DurationNs whole(double ns) { return static_cast<DurationNs>(std::llround(std::max(ns, 0.0))); }

const Core* core_of(const Machine& machine, int number) {
  const auto found = std::ranges::find(machine.cores, number, &Core::number);
  return found == machine.cores.end() ? nullptr : &*found;
}

Finding find_stalls(const Sight& sight) {
  const Jitter& jitter = sight.measured.jitter;
  Finding finding{.topic = "stalls", .cost_ns = jitter.longest_ns, .measured = true};
  const int number = sight.needs.cores.first;
  finding.found = fmt::format(
      "core {} was taken away {} times in {}, for {} at the longest and for {:.2g} % of the time; "
      "the last time {} before the end",
      number, jitter.stretches, about(jitter.watched_ns), about(jitter.longest_ns),
      100.0 * static_cast<double>(jitter.away_ns) /
          static_cast<double>(std::max<DurationNs>(jitter.watched_ns, 1)),
      about(jitter.since_last_ns));
  if (sight.measured.stolen >= 0.001)
    finding.found +=
        fmt::format("; the host took {:.2g} % for others", 100 * sight.measured.stolen);
  if (sight.machine.waiting.value_or(0) >= 0.001)
    finding.found += fmt::format("; threads waited for a core in {:.2g} % of the last 10 s",
                                 100 * *sight.machine.waiting);
  if (jitter.longest_ns <= tick_ns) return finding;
  finding.verdict = Verdict::costs;
  const Core* core = core_of(sight.machine, number);
  finding.remedy =
      core != nullptr && core->isolated
          ? fmt::format("see what runs there: ps -eLo psr,pid,comm | awk '$1 == {}'", number)
          : fmt::format(
                "keep others off: isolcpus={0} nohz_full={0} rcu_nocbs={0} on "
                "the kernel's command line, then [cores] io = {0}",
                number);
  return finding;
}

Finding find_cores(const Sight& sight) {
  constexpr std::size_t pipelined = 4;  // see node/idle_choice.h
  const std::size_t cores = sight.machine.cores.size();
  if (cores >= pipelined) return {.topic = "cores", .found = fmt::format("{} cores", cores)};
  return {.topic = "cores",
          .verdict = Verdict::costs,
          .found = fmt::format("{} cores, too few for a pipelined node and the application to "
                               "spin: they sleep, or with idle = \"spin\" wait for each other's "
                               "slice",
                               cores),
          .cost_ns = 50'000,
          .remedy = "mode = \"inline\""};
}

Finding find_siblings(const Sight& sight) {
  std::set<int> shared;
  for (const int number : {sight.needs.cores.first, sight.needs.cores.second})
    if (const Core* core = core_of(sight.machine, number))
      shared.insert(core->siblings.begin(), core->siblings.end());
  Finding finding{.topic = "siblings", .found = "no core shares its units with another"};
  if (shared.empty()) return finding;
  finding.found =
      fmt::format("the member's cores share their units with {}", fmt::join(shared, ", "));
  if (const auto slowdown = sight.measured.sibling_slowdown) {
    finding.found += fmt::format("; beside a busy one work takes {:.2f} times as long", *slowdown);
    finding.measured = true;
    if (*slowdown < slowdown_max) return finding;
    finding.cost_ns = whole((*slowdown - 1) * 1000);  // of each microsecond of work
  }
  finding.verdict = Verdict::costs;
  finding.remedy = fmt::format(
      "switch them off: for n in {}; do echo 0 | sudo tee "
      "/sys/devices/system/cpu/cpu$n/online; done",
      fmt::join(shared, " "));
  return finding;
}

Finding find_idle_states(const Sight& sight) {
  const Core* core = core_of(sight.machine, sight.needs.cores.first);
  if (core == nullptr || core->idle_state.empty())
    return {.topic = "idle states", .found = "the kernel shows none here: the host decides"};
  Finding finding{.topic = "idle states",
                  .found = fmt::format("an idle core sleeps as deep as {}, and wakes in {}",
                                       core->idle_state, about(core->wake_ns)),
                  .cost_ns = core->wake_ns};
  if (core->wake_ns <= wake_ns) return finding;
  finding.verdict = Verdict::costs;
  finding.remedy =
      fmt::format("sudo cpupower idle-set -D {} (idle = \"spin\" never sleeps)", wake_ns / 1000);
  return finding;
}

Finding find_governor(const Sight& sight) {
  const Core* core = core_of(sight.machine, sight.needs.cores.first);
  if (core == nullptr || core->governor.empty())
    return {.topic = "frequency", .found = "the kernel governs none here: the host decides"};
  Finding finding{.topic = "frequency", .found = fmt::format("governor {}", core->governor)};
  if (core->governor == "performance") return finding;
  finding.verdict = Verdict::costs;
  finding.cost_ns = core->governor_ns;
  finding.remedy = "sudo cpupower frequency-set -g performance";
  return finding;
}

Finding find_clock(const Sight& sight) {
  Finding finding{.topic = "clock",
                  .found = fmt::format("clock source {}, a look takes {:.0f} ns",
                                       sight.machine.clock_source, sight.measured.clock_ns),
                  .cost_ns = whole(sight.measured.clock_ns),
                  .measured = true};
  if (sight.measured.clock_ns <= clock_max_ns) return finding;
  finding.verdict = Verdict::costs;
  finding.remedy =
      "clocksource=tsc tsc=reliable on the kernel's command line, where the processors' "
      "counters agree";
  return finding;
}

Finding find_huge_pages(const Sight& sight) {
  const auto sum = [&](auto member) {
    const auto values = sight.machine.nodes | std::views::transform(member);
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
  };
  const std::uint64_t set_aside = sum(&MemoryNode::huge_bytes);
  const std::uint64_t free = sum(&MemoryNode::huge_free_bytes);
  Finding finding{.topic = "huge pages",
                  .found = fmt::format("{} MiB set aside, {} of them free; an access to memory "
                                       "takes {:.0f} ns",
                                       set_aside >> 20, free >> 20, sight.measured.memory_ns),
                  .measured = sight.measured.huge_memory_ns.has_value()};
  double gain_ns = 0;
  if (const auto huge_ns = sight.measured.huge_memory_ns) {
    finding.found += fmt::format(", in a huge page {:.0f}", *huge_ns);
    gain_ns = sight.measured.memory_ns - *huge_ns;
  }
  finding.cost_ns = whole(gain_ns);
  if (free >= sight.needs.memory_bytes) return finding;
  if (finding.measured && gain_ns < huge_page_gain * sight.measured.memory_ns) return finding;
  finding.verdict = Verdict::costs;
  finding.remedy = fmt::format(
      "sudo scripts/nic prepare --hugepages-mb {}, then [dpdk] hugepages = "
      "true",
      std::max<std::uint64_t>(sight.needs.memory_bytes >> 20, 64));
  return finding;
}

Finding find_iommu(const Sight& sight) {
  if (sight.machine.iommu_groups > 0)
    return {.topic = "iommu", .found = fmt::format("{} groups", sight.machine.iommu_groups)};
  Finding finding{.topic = "iommu",
                  .verdict = Verdict::costs,
                  .found =
                      "none is at work, so no NIC can be given to a process safely: members go "
                      "through the kernel",
                  .remedy =
                      "switch VT-d or AMD-Vi on in the firmware, and intel_iommu=on iommu=pt on "
                      "the kernel's command line (AMD: iommu=pt)"};
  if (sight.measured.loopback) {
    finding.cost_ns = sight.measured.loopback->round_trip_ns / 2;
    finding.measured = true;
  }
  return finding;
}

Finding find_locked_memory(const Sight& sight) {
  const auto limit = sight.machine.locked_bytes_max;
  Finding finding{.topic = "locked memory",
                  .found = limit ? fmt::format("{} MiB may be locked", *limit >> 20)
                                 : std::string("as much as there is may be locked")};
  if (!limit || *limit >= sight.needs.memory_bytes) return finding;
  finding.verdict = Verdict::cuts_off;
  finding.found += fmt::format(", and a NIC of its own, or AF_XDP, needs {} for an ordinary user",
                               sight.needs.memory_bytes >> 20);
  finding.remedy =
      "echo '* - memlock unlimited' | sudo tee /etc/security/limits.d/muster.conf, then "
      "log in again";
  return finding;
}

Finding find_receive_buffers(const Sight& sight) {
  const std::uint64_t max = sight.machine.receive_buffer_bytes_max;
  if (max == 0) return {.topic = "socket buffers", .found = "the kernel does not say"};
  Finding finding{.topic = "socket buffers", .found = fmt::format("up to {} KiB each", max >> 10)};
  if (max >= receive_buffer_bytes) return finding;
  finding.verdict = Verdict::cuts_off;
  finding.found += ", which bursts to a member on kernel sockets overflow: they are sent again";
  finding.remedy = fmt::format("sudo sysctl -w net.core.rmem_max={0} net.core.wmem_max={0}",
                               receive_buffer_bytes);
  return finding;
}

Finding find_snooping(const Sight& sight) {
  std::vector<std::string> deaf;
  for (const Bridge& bridge : sight.machine.bridges)
    if (bridge.snoops && !bridge.queries) deaf.push_back(bridge.name);
  if (deaf.empty())
    return {.topic = "snooping", .found = "no bridge of this machine snoops without asking"};
  return {
      .topic = "snooping",
      .verdict = Verdict::cuts_off,
      .found = fmt::format("{} hands multicast only to who has asked for it, and asks nobody: "
                           "unless a router does, members vanish after some minutes",
                           fmt::join(deaf, ", ")),
      .remedy = fmt::format("sudo ip link set dev {} type bridge mcast_querier 1", deaf.front())};
}

Finding find_firewall(const Sight& sight) {
  if (!sight.firewall)
    return {.topic = "firewall", .found = "cannot be read (nftables, as root): not looked at"};
  const auto& closed = sight.firewall->closed_chains;
  if (closed.empty())
    return {.topic = "firewall", .found = "nothing in the way of members on kernel sockets"};
  return {
      .topic = "firewall",
      .verdict = Verdict::cuts_off,
      .found = fmt::format("{} drops what no rule lets in, and none names UDP port {}: members on "
                           "kernel sockets hear nobody",
                           fmt::join(closed, ", "), sight.needs.port),
      .remedy = fmt::format("sudo nft add rule {} udp dport {} accept", closed.front(),
                            sight.needs.port)};
}

Finding find_line(const Sight& sight) {
  if (!sight.measured.line_ns) return {.topic = "line", .found = "one core: there is none"};
  return {.topic = "line",
          .found = fmt::format("a cache line goes from core {} to core {} and back in {:.0f} ns",
                               sight.needs.cores.first, sight.needs.cores.second,
                               *sight.measured.line_ns),
          .cost_ns = whole(*sight.measured.line_ns),
          .measured = true};
}

Finding find_kernel_way(const Sight& sight) {
  const auto& loopback = sight.measured.loopback;
  if (!loopback)
    return {.topic = "kernel sockets",
            .verdict = Verdict::cuts_off,
            .found = "nothing came over the loopback",
            .remedy = "sudo ip link set dev lo up"};
  return {
      .topic = "kernel sockets",
      .found = fmt::format("a round trip over the loopback takes {}, and {:.2f} million packets "
                           "go a second, one by one",
                           about(loopback->round_trip_ns), loopback->packets_per_second / 1e6),
      .cost_ns = loopback->round_trip_ns,
      .measured = true};
}

}  // namespace

std::vector<Finding> diagnose(const Machine& machine, const std::optional<Firewall>& firewall,
                              const Measurements& measured, const Needs& needs) {
  const Sight sight{machine, firewall, measured, needs};
  return {find_stalls(sight),        find_cores(sight),
          find_siblings(sight),      find_idle_states(sight),
          find_governor(sight),      find_clock(sight),
          find_huge_pages(sight),    find_iommu(sight),
          find_locked_memory(sight), find_receive_buffers(sight),
          find_snooping(sight),      find_firewall(sight),
          find_line(sight),          find_kernel_way(sight)};
}

void put_in_order(std::vector<Finding>& findings) {
  const auto before = [](const Finding& a, const Finding& b) {
    if (a.verdict != b.verdict) return a.verdict > b.verdict;
    return a.verdict == Verdict::costs && a.cost_ns > b.cost_ns;
  };
  std::vector<Finding> ordered;  // equals stay as they are
  for (Finding& finding : findings)
    ordered.insert(std::ranges::upper_bound(ordered, finding, before), std::move(finding));
  findings = std::move(ordered);
}

}  // namespace muster::doctor
