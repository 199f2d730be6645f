// The doctor, on machines that are made of files and figures.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <sched.h>

#include "interfaces/file_tree.h"
#include "tests/root_of_files.h"
#include "tools/doctor/checks.h"
#include "tools/doctor/firewall.h"
#include "tools/doctor/machine.h"
#include "tools/doctor/measurements.h"
#include "tools/doctor/nic_checks.h"
#include "tools/doctor/place_checks.h"
#include "tools/doctor/report.h"

namespace muster::doctor {
namespace {

TEST(FileTree, ReadsTheKernelsSetsOfProcessors) {
  EXPECT_EQ(numbers_in("0,2-4,7"), (std::vector{0, 2, 3, 4, 7}));
  EXPECT_EQ(numbers_in(""), std::vector<int>());
  EXPECT_EQ(numbers_in("0-1\n"), (std::vector{0, 1}));
  EXPECT_EQ(numbers_in("none"), std::vector<int>());
}

TEST(Machine, IsReadFromTheKernelsFiles) {
  RootOfFiles root;
  const std::string cpu = "sys/devices/system/cpu";
  root.write(cpu + "/online", "0-1");
  root.write(cpu + "/isolated", "1");
  root.write(cpu + "/cpu0/topology/thread_siblings_list", "0-1");
  root.write(cpu + "/cpu0/cpufreq/scaling_governor", "powersave");
  root.write(cpu + "/cpu0/cpufreq/cpuinfo_transition_latency", "20000");
  root.write(cpu + "/cpu0/cpuidle/state0/latency", "0");
  root.write(cpu + "/cpu0/cpuidle/state1/latency", "133");
  root.write(cpu + "/cpu0/cpuidle/state1/name", "C6");
  root.write(cpu + "/cpu0/cpuidle/state2/latency", "900");
  root.write(cpu + "/cpu0/cpuidle/state2/disable", "1");
  root.write("sys/devices/system/node/online", "0");
  root.write("sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "10");
  root.write("sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages", "4");
  root.write("sys/class/net/br0/bridge/multicast_snooping", "1");
  root.write("sys/class/net/br0/bridge/multicast_querier", "0");
  root.write("sys/class/net/eth0/mtu", "1500");
  root.write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
  root.write("sys/kernel/iommu_groups/0/type", "DMA");
  root.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
  root.write("proc/pressure/cpu", "some avg10=2.50 avg60=0.00 avg300=0.00 total=1");
  root.write("proc/sys/net/core/rmem_max", "212992");
  root.write("proc/self/limits",
             "Max cpu time  unlimited\nMax locked memory         8388608   8388608   bytes");

  const Machine machine = read_machine(root.files());
  ASSERT_EQ(machine.cores.size(), 2U);
  const Core& core = machine.cores[0];
  EXPECT_FALSE(core.isolated);
  EXPECT_TRUE(machine.cores[1].isolated);
  EXPECT_EQ(core.siblings, std::vector{1});
  EXPECT_EQ(core.governor, "powersave");
  EXPECT_EQ(core.governor_ns, 20'000U);
  EXPECT_EQ(core.idle_state, "C6");
  EXPECT_EQ(core.wake_ns, 133'000U);
  ASSERT_EQ(machine.nodes.size(), 1U);
  EXPECT_EQ(machine.nodes[0].huge_bytes, 20U << 20);
  EXPECT_EQ(machine.nodes[0].huge_free_bytes, 8U << 20);
  ASSERT_EQ(machine.bridges.size(), 1U);
  EXPECT_EQ(machine.bridges[0].name, "br0");
  EXPECT_TRUE(machine.bridges[0].snoops);
  EXPECT_FALSE(machine.bridges[0].queries);
  EXPECT_EQ(machine.clock_source, "tsc");
  EXPECT_EQ(machine.iommu_groups, 1U);
  EXPECT_TRUE(machine.transparent_huge_pages);
  EXPECT_DOUBLE_EQ(machine.waiting.value_or(0), 0.025);
  EXPECT_EQ(machine.receive_buffer_bytes_max, 212'992U);
  EXPECT_EQ(machine.locked_bytes_max, 8U << 20);
}

/// A container shows little of its machine.
TEST(Machine, MaySayNothing) {
  const Machine machine = read_machine(RootOfFiles().files());
  EXPECT_TRUE(machine.cores.empty());
  EXPECT_TRUE(machine.bridges.empty());
  EXPECT_EQ(machine.waiting, std::nullopt);
  EXPECT_EQ(machine.locked_bytes_max, std::nullopt);
  EXPECT_EQ(diagnose(machine, std::nullopt, {}, {}).size(), 14U);
}

TEST(Machine, HasNoLimitOfLockedMemoryThatIsUnlimited) {
  RootOfFiles root;
  root.write("proc/self/limits",
             "Max locked memory         unlimited            unlimited   bytes");
  EXPECT_EQ(read_machine(root.files()).locked_bytes_max, std::nullopt);
}

/// A machine that leaves nothing to wish for.
struct Ideal {
  Ideal() {
    for (int number = 0; number < 4; ++number)
      machine.cores.push_back({.number = number,
                               .isolated = number >= 2,
                               .governor = "performance",
                               .idle_state = "C1",
                               .wake_ns = 1'000});
    machine.nodes = {{.number = 0, .huge_bytes = 1U << 30, .huge_free_bytes = 1U << 30}};
    machine.bridges = {{.name = "br0", .snoops = true, .queries = true}};
    machine.clock_source = "tsc";
    machine.iommu_groups = 12;
    machine.transparent_huge_pages = true;
    machine.receive_buffer_bytes_max = 4U << 20;
    measured.jitter = {.watched_ns = second, .longest_ns = 6'000, .stretches = 1};
    measured.clock_ns = 22;
    measured.memory_ns = 100;
    measured.huge_memory_ns = 80;
    measured.line_ns = 120;
    measured.loopback = Loopback{.round_trip_ns = 8'000, .packets_per_second = 4e5};
    needs.cores = {.first = 2, .second = 3};
  }
  std::vector<Finding> diagnosis() const {
    auto findings = diagnose(machine, firewall, measured, needs);
    put_in_order(findings);
    return findings;
  }
  /// What is wrong, in the order of the report.
  std::vector<std::string> wrong() const {
    std::vector<std::string> topics;
    for (const Finding& finding : diagnosis())
      if (finding.verdict != Verdict::fine) topics.push_back(finding.topic);
    return topics;
  }
  Finding about(const std::string& topic) const {
    const auto findings = diagnosis();
    return *std::ranges::find(findings, topic, &Finding::topic);
  }

  Machine machine;
  std::optional<Firewall> firewall = Firewall{};
  Measurements measured;
  Needs needs;
};

using Topics = std::vector<std::string>;

TEST(Doctor, FindsNothingWhereNothingIs) { EXPECT_EQ(Ideal().wrong(), Topics()); }

TEST(Doctor, SaysWhoseFaultAStallIs) {
  Ideal on;
  on.measured.jitter.longest_ns = 1'234'567;
  EXPECT_EQ(on.wrong(), Topics{"stalls"});
  EXPECT_EQ(on.about("stalls").cost_ns, 1'234'567U);
  EXPECT_NE(on.about("stalls").remedy.find("ps -eLo"), std::string::npos) << "an isolated core";
  on.machine.cores[2].isolated = false;
  EXPECT_NE(on.about("stalls").remedy.find("isolcpus=2"), std::string::npos);
  on.measured.stolen = 0.05;
  EXPECT_NE(on.about("stalls").found.find("the host took 5 %"), std::string::npos);
}

TEST(Doctor, CountsSiblingsOfTheMembersCoresOnly) {
  Ideal on;
  on.machine.cores[0].siblings = {1};
  EXPECT_EQ(on.wrong(), Topics());
  on.machine.cores[2].siblings = {1};
  EXPECT_EQ(on.wrong(), Topics{"siblings"});
  on.measured.sibling_slowdown = 1.02;
  EXPECT_EQ(on.wrong(), Topics()) << "it was measured, and costs nothing";
  on.measured.sibling_slowdown = 1.6;
  EXPECT_EQ(on.about("siblings").cost_ns, 600U);
}

TEST(Doctor, WantsHugePagesWhereTheyGain) {
  Ideal on;
  on.machine.nodes[0].huge_free_bytes = 1U << 20;
  EXPECT_EQ(on.wrong(), Topics{"huge pages"});
  EXPECT_EQ(on.about("huge pages").cost_ns, 20U);
  on.measured.huge_memory_ns = 99;
  EXPECT_EQ(on.wrong(), Topics());
}

TEST(Doctor, NamesEveryThingThatCostsWithItsRemedy) {
  Ideal on;
  on.machine.cores[2].governor = "powersave";
  on.machine.cores[2].governor_ns = 20'000;
  on.machine.cores[2].wake_ns = 133'000;
  on.machine.cores.pop_back();
  on.machine.cores.erase(on.machine.cores.begin());
  on.measured.clock_ns = 450;
  on.machine.iommu_groups = 0;
  EXPECT_EQ(on.wrong(), (Topics{"idle states", "cores", "frequency", "iommu", "clock"}))
      << "by cost";
  for (const Finding& finding : on.diagnosis())
    EXPECT_EQ(finding.remedy.empty(), finding.verdict == Verdict::fine) << finding.topic;
}

TEST(Doctor, PutsFirstWhatCutsOff) {
  Ideal on;
  on.measured.jitter.longest_ns = 50'000'000;
  on.machine.bridges[0].queries = false;
  on.machine.receive_buffer_bytes_max = 212'992;
  on.machine.locked_bytes_max = 8U << 20;
  on.firewall->closed_chains = {"inet filter input"};
  on.measured.loopback.reset();
  EXPECT_EQ(on.wrong(), (Topics{"locked memory", "socket buffers", "snooping", "firewall",
                                "kernel sockets", "stalls"}));
  EXPECT_NE(on.about("firewall").remedy.find("inet filter input udp dport 7777 accept"),
            std::string::npos);
}

TEST(Doctor, AsksForWhatTheMemberNeeds) {
  Ideal on;
  on.machine.locked_bytes_max = 64U << 20;
  EXPECT_EQ(on.wrong(), Topics());
  on.needs.memory_bytes = 65U << 20;
  EXPECT_EQ(on.wrong(), Topics{"locked memory"});
}

constexpr const char* closed = R"({"nftables": [{"metainfo": {"version": "1.0.6"}},
  {"chain": {"family": "inet", "table": "filter", "name": "input", "hook": "input", "prio": 0, "policy": "drop"}},
  {"chain": {"family": "inet", "table": "filter", "name": "output", "hook": "output", "prio": 0, "policy": "drop"}},
  {"chain": {"family": "inet", "table": "filter", "name": "other"}},
  {"rule": {"family": "inet", "table": "filter", "chain": "input", "expr": [
    {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": %}},
    {"accept": null}]}}]})";

std::string ruleset(const std::string& ports) {
  std::string text = closed;
  return text.replace(text.find('%'), 1, ports);
}

TEST(Firewall, IsClosedWhereNoRuleNamesThePort) {
  EXPECT_EQ(read_firewall(ruleset("22"), 7777)->closed_chains, Topics{"inet filter input"});
  EXPECT_TRUE(read_firewall(ruleset("7777"), 7777)->closed_chains.empty());
  EXPECT_TRUE(read_firewall(ruleset(R"({"set": [22, 7777]})"), 7777)->closed_chains.empty());
  EXPECT_TRUE(read_firewall(ruleset(R"({"range": [7000, 8000]})"), 7777)->closed_chains.empty());
  EXPECT_FALSE(read_firewall(ruleset(R"({"range": [7000, 7100]})"), 7777)->closed_chains.empty());
}

TEST(Firewall, IsNotKnownWhereThereIsNoList) {
  EXPECT_EQ(read_firewall("", 7777), std::nullopt);
  EXPECT_EQ(read_firewall("{\"nftables\": 1}", 7777), std::nullopt);
  EXPECT_EQ(read_firewall("Operation not permitted", 7777), std::nullopt);
}

// Which way is chosen, and why: tests/dpdk_transport/port_choice_test.cc.
TEST(Doctor, NamesTheBetterWayToANic) {
  const auto nic = [](const char* name, const char* pci, bool up, bool default_route = false) {
    return dpdk::Interface{
        .name = name, .pci = pci, .driver = "e1000e", .up = up, .default_route = default_route};
  };
  const dpdk::NicFacts facts = {.interfaces = {{.name = "br0", .up = true},
                                               nic("eth0", "0000:03:00.0", true, true),
                                               nic("eth1", "0000:04:00.0", true),
                                               nic("eth2", "0000:05:00.0", false)},
                                .nics = {{.address = "0000:03:00.0", .driver = "e1000e"},
                                         {.address = "0000:04:00.0", .driver = "e1000e"},
                                         {.address = "0000:05:00.0", .driver = "e1000e"},
                                         {.address = "0000:06:00.0", .driver = "vfio-pci"}},
                                .may_read_frames = true,
                                .may_load_xdp = true};
  const auto findings = diagnose_nics(facts, 4'000);
  Topics topics;
  for (const Finding& finding : findings) topics.push_back(finding.topic);
  EXPECT_EQ(topics, (Topics{"nic eth0", "nic eth1", "nic eth2", "nic 0000:06:00.0"}));
  EXPECT_EQ(findings[0].verdict, Verdict::fine) << "the default route is the kernel's";
  EXPECT_EQ(findings[1].verdict, Verdict::costs);
  EXPECT_EQ(findings[1].cost_ns, 4'000U);
  EXPECT_NE(findings[1].remedy.find("scripts/nic bind 0000:04:00.0"), std::string::npos);
  EXPECT_EQ(findings[2].verdict, Verdict::cuts_off);
  EXPECT_EQ(findings[2].found, "eth2 is switched off");
  EXPECT_EQ(findings[2].remedy, "`ip link set dev eth2 up`");
  EXPECT_EQ(findings[3].verdict, Verdict::fine) << "it is DPDK's";
}

TEST(Report, IsForPeopleAndForPrograms) {
  Ideal on;
  on.machine.bridges[0].queries = false;
  on.measured.jitter.longest_ns = 1'234'567;
  const auto findings = on.diagnosis();
  const std::string text = report_text(findings);
  EXPECT_TRUE(text.starts_with("snooping: cuts off\n    br0 hands")) << text;
  EXPECT_NE(text.find("stalls: costs 1.23 ms\n"), std::string::npos) << text;
  EXPECT_NE(text.find("12 of 14 are fine:"), std::string::npos) << text;
  const auto json = report_json(findings)["findings"];
  ASSERT_EQ(json.size(), 14U);
  EXPECT_EQ(json[0]["verdict"], "cuts_off");
  EXPECT_EQ(json[1]["topic"], "stalls");
  EXPECT_EQ(json[1]["cost_ns"], 1'234'567);
  EXPECT_EQ(json[1]["measured"], true);
}

TEST(About, HasThreeDigits) {
  EXPECT_EQ(about(0), "0 ns");
  EXPECT_EQ(about(999), "999 ns");
  EXPECT_EQ(about(1'234), "1.23 us");
  EXPECT_EQ(about(999'999), "1 ms");
  EXPECT_EQ(about(12'345'678), "12.3 ms");
  EXPECT_EQ(about(60 * second), "60 s");
}

// What is measured here, on whatever machine this runs.

TEST(Measure, SeesACoreThatIsTakenAway) {
  const Jitter jitter = measure_jitter(20'000'000);
  EXPECT_GE(jitter.watched_ns, 10'000'000U);
  EXPECT_LE(jitter.longest_ns, jitter.watched_ns + jitter.away_ns);
  EXPECT_EQ(jitter.stretches == 0, jitter.away_ns == 0);
  EXPECT_LE(jitter.since_last_ns, jitter.watched_ns);
}

TEST(Measure, TellsMemoryFromTheClock) {
  EXPECT_GT(measure_clock_ns(), 1);
  const auto memory_ns = measure_memory_ns(false);
  ASSERT_TRUE(memory_ns);
  EXPECT_GT(*memory_ns, 2) << "no cache is as large";
}

TEST(Measure, SendsOverTheLoopback) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  int core = 0;
  while (!CPU_ISSET(core, &before)) ++core;
  // One core for both ends: they take turns, and it works.
  const auto loopback = measure_loopback({.first = core, .second = core});
  sched_setaffinity(0, sizeof before, &before);
  ASSERT_TRUE(loopback);
  EXPECT_GT(loopback->round_trip_ns, 500U);
}

TEST(Places, AreFineOrHaveALineThatMendsThem) {
  Topology machine;
  for (const std::uint32_t number : {0U, 1U, 2U, 3U})
    machine.cores.push_back({.number = number, .node = number < 2 ? 0 : 1});
  const PortPlace port{.name = "eth1", .node = 1};
  const std::vector<std::uint32_t> usable{0, 1, 2, 3};
  const Finding near = diagnose_places({.io = {2}, .engine = 3}, 1, port, machine, usable);
  EXPECT_EQ(near.verdict, Verdict::fine);
  const Finding far = diagnose_places({.io = {0}, .engine = 3}, 1, port, machine, usable);
  EXPECT_EQ(far.verdict, Verdict::costs);
  EXPECT_NE(far.found.find("core 0 is on node 0, the NIC eth1 on node 1"), std::string::npos);
  EXPECT_EQ(far.remedy, "[cores] io = [2], engine = 3");
  const Finding alone = diagnose_places({.io = {0}, .engine = {}}, 1, port, machine, {0, 1});
  EXPECT_NE(alone.remedy.find("taskset"), std::string::npos);
}

}  // namespace
}  // namespace muster::doctor
