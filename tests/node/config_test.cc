#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "node/config_file.h"
#include "tests/node/config_text.h"

namespace muster {
namespace {

using test::mistake;
using test::mistakes;
using test::mistakes_below_the_required;
using test::required;
using test::right;

constexpr std::string_view with_all_keys = R"(
name = "eu-1"
cluster = "demo"
transport = "dpdk"
device = "net_memif0,role=client"
address = "10.77.0.1/24"
mtu = 9000
port = 7000
group = "239.1.2.3"
multicast = false
seeds = ["10.77.0.2:7000", "10.77.0.3:7000"]
mode = "inline"
idle = "backoff"
catch_up_from = "owners"

[timers]
preset = "fast"
suspect_after = "6ms"
retransmit_min = "1.5ms"

[cores]
io = 0

[dpdk]
way = "af_packet"
memory_mb = 128
hugepages = true
eal_arguments = ["--iova-mode=va"]

[limits]
pool_packets = 8192
window_packets = 32
change_log_bytes = 1000000
bindings_per_step = 100
answer_pages = 16
answer_packets_per_ms = 64
repair_threshold = 0

[[services]]
path = "/shop/pay"
value = "v1"

[[services]]
path = "/shop/ship"
attributes = { zone = "eu-1", rack = "7" }
)";

TEST(Presets, GiveAnswersTheTimeThatTheirLinesTake) {
  NodeConfig config;
  use_preset(config, Preset::wan);
  EXPECT_EQ(config.membership.heartbeat_interval_ns, wan_timers().heartbeat_interval_ns);
  EXPECT_GE(config.directory.request_timeout_ns, 2 * config.membership.heartbeat_interval_ns);
  EXPECT_GE(config.messaging.retransmit_max_ns, 2 * config.membership.heartbeat_interval_ns);
  use_preset(config, Preset::fast);
  EXPECT_EQ(config.directory.request_timeout_ns, DirectoryConfig().request_timeout_ns);
}

TEST(ConfigFile, IsReadInFull) {
  const NodeConfig config = parse_config(with_all_keys, "node.toml");
  EXPECT_EQ(config.name, "eu-1");
  EXPECT_EQ(config.cluster, "demo");
  EXPECT_EQ(config.transport, TransportKind::dpdk);
  EXPECT_EQ(config.device, "net_memif0,role=client");
  EXPECT_EQ(config.address, "10.77.0.1/24");
  EXPECT_EQ(config.mtu, 9000U);
  EXPECT_EQ(config.port, 7000);
  EXPECT_EQ(config.group, "239.1.2.3");
  EXPECT_FALSE(config.multicast);
  EXPECT_EQ(config.seeds, (std::vector<std::string>{"10.77.0.2:7000", "10.77.0.3:7000"}));
  EXPECT_EQ(config.mode, Mode::run_inline);
  EXPECT_EQ(config.idle, Idle::backoff);
  EXPECT_EQ(config.directory.join_from, CatchUpFrom::owners);
  EXPECT_EQ(config.membership.heartbeat_interval_ns, fast_timers().heartbeat_interval_ns);
  EXPECT_EQ(config.membership.suspect_after_ns, 6 * ms);
  EXPECT_EQ(config.messaging.retransmit_min_ns, 1500 * us);
  EXPECT_EQ(config.cores.io, std::vector<std::uint32_t>{0});
  EXPECT_EQ(config.cores.engine, std::nullopt);
  EXPECT_EQ(config.dpdk.way, PortWay::af_packet);
  EXPECT_EQ(config.dpdk.memory_mb, 128U);
  EXPECT_TRUE(config.dpdk.hugepages);
  EXPECT_EQ(config.dpdk.eal_arguments, std::vector<std::string>{"--iova-mode=va"});
  EXPECT_EQ(config.limits.pool_packets, 8192U);
  EXPECT_EQ(config.messaging.window_packets, 32U);
  EXPECT_EQ(config.directory.change_log_bytes_max, 1'000'000U);
  EXPECT_EQ(config.directory.bindings_per_step, 100U);
  EXPECT_EQ(config.directory.answer_pages_max, 16U);
  EXPECT_EQ(config.directory.answer_packets_per_ms, 64U);
  EXPECT_EQ(config.directory.repair_threshold, 0U);
  ASSERT_EQ(config.services.size(), 2U);
  EXPECT_EQ(config.services[0].path, "/shop/pay");
  EXPECT_EQ(config.services[0].value, "v1");
  EXPECT_EQ(config.services[1].value, "");
  const std::map<std::string, std::string> attributes = {{"rack", "7"}, {"zone", "eu-1"}};
  EXPECT_EQ(config.services[1].attributes, attributes);
}

template <class T>
void expect_same(const T& a, const T& b) {
  static_assert(std::has_unique_object_representations_v<T>);
  EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0);
}

/// Every key of the reference stands there with its default.
TEST(ConfigFile, TheReferenceSaysWhatTheDefaultsAre) {
  const NodeConfig reference = load_config(MUSTER_REFERENCE_CONFIG);
  const NodeConfig defaults;
  EXPECT_EQ(reference.port, defaults.port);
  EXPECT_EQ(reference.group, defaults.group);
  EXPECT_EQ(reference.gateway, defaults.gateway);
  EXPECT_EQ(reference.multicast, defaults.multicast);
  EXPECT_EQ(reference.seeds, defaults.seeds);
  EXPECT_EQ(reference.transport, defaults.transport);
  EXPECT_EQ(reference.mode, defaults.mode);
  EXPECT_EQ(reference.io_threads, defaults.io_threads);
  EXPECT_EQ(reference.idle, defaults.idle);
  EXPECT_EQ(reference.stall_threshold_ns, defaults.stall_threshold_ns);
  EXPECT_EQ(reference.port_lost_after_ns, defaults.port_lost_after_ns);
  expect_same(reference.limits, defaults.limits);
  expect_same(reference.membership, defaults.membership);
  EXPECT_EQ(reference.messaging.window_packets, defaults.messaging.window_packets);
  EXPECT_EQ(reference.messaging.retransmit_min_ns, defaults.messaging.retransmit_min_ns);
  EXPECT_EQ(reference.messaging.retransmit_max_ns, defaults.messaging.retransmit_max_ns);
  EXPECT_EQ(reference.messaging.calls_max, defaults.messaging.calls_max);
  EXPECT_EQ(reference.directory.join_from, defaults.directory.join_from);
  EXPECT_EQ(reference.directory.request_jitter_ns, defaults.directory.request_jitter_ns);
  EXPECT_EQ(reference.directory.request_timeout_ns, defaults.directory.request_timeout_ns);
  EXPECT_EQ(reference.directory.tree_bytes_max, defaults.directory.tree_bytes_max);
  EXPECT_EQ(reference.directory.tombstone_bytes_max, defaults.directory.tombstone_bytes_max);
  EXPECT_EQ(reference.directory.change_log_bytes_max, defaults.directory.change_log_bytes_max);
  EXPECT_EQ(reference.directory.bindings_per_step, defaults.directory.bindings_per_step);
  EXPECT_EQ(reference.directory.answer_pages_max, defaults.directory.answer_pages_max);
  EXPECT_EQ(reference.directory.answer_packets_per_ms, defaults.directory.answer_packets_per_ms);
  EXPECT_EQ(reference.directory.repair_threshold, defaults.directory.repair_threshold);
  EXPECT_EQ(reference.dpdk.memory_mb, defaults.dpdk.memory_mb);
  EXPECT_EQ(reference.dpdk.hugepages, defaults.dpdk.hugepages);
}

TEST(ConfigFile, TellsWhatIsWrongWithSeeds) {
  const auto seeds = [](std::string_view list) {
    return mistakes_below_the_required("seeds = " + std::string(list) + "\n");
  };
  EXPECT_EQ(seeds("[]"), "none");
  EXPECT_EQ(seeds("[\"10.0.0.1:7777\", \"10.0.0.2:7777\"]"), "none");
  EXPECT_EQ(seeds("[\"10.0.0.1\"]"),
            "node.toml:5: seeds: \"10.0.0.1\" is not an address with a port: give one like "
            "10.0.0.1:7777 or [fd77::1]:7777");
  EXPECT_EQ(seeds("[\"10.0.0.1:77777\"]"),
            "node.toml:5: seeds: \"10.0.0.1:77777\" is not an address with a port: give one like "
            "10.0.0.1:7777 or [fd77::1]:7777");
  EXPECT_EQ(seeds("[\"239.77.0.1:7777\"]"),
            "node.toml:5: seeds: 239.77.0.1:7777 cannot be a member's own: give a unicast address "
            "and a port");
  EXPECT_EQ(seeds("[7]"),
            "node.toml:5: seeds: is not an array of strings: give one like [\"a\", "
            "\"b\"]");
}

TEST(ConfigFile, ReservesNamesForTopics) {
  EXPECT_EQ(mistakes_below_the_required("[[services]]\npath = \"/topics/x\"\n"),
            "node.toml:6: services[0].path: \"/topics/x\" is reserved for topics: give another "
            "name");
}

TEST(ConfigFile, NeedsNoMoreThanTheRequired) { EXPECT_EQ(mistakes(required), "none"); }

TEST(ConfigFile, ReportsEveryMistakeAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(mistakes(R"(name = 7
adress = "10.77.0.1/24"
port = 70000
group = "10.0.0.1"
mode = "threaded"

[timers]
heartbeat_interval = 100
dead_after = "soon"
suspect_after = "1h"

[dpdk]
way = "fast"
hugepages = "yes"
eal_arguments = "--no-pci"

[limits]
pool_packets = 10
event_queue = 1000
calls = -1

[[services]]
path = "shop"

[[services]]
value = "v1"
)"),
            R"(node.toml:1: name: is a whole number: give a string in quotes
node.toml:1: cluster: is missing: give the cluster's name, the same for all members
node.toml:1: device: is missing: give an interface, its MAC, a PCI address or a vdev of DPDK, or set transport = "socket"
node.toml:1: address: is missing: give this member's own, like 10.77.0.1/24
node.toml:2: adress: is not known: did you mean address?
node.toml:3: port: is 70000: give a number from 1 to 65535
node.toml:4: group: 10.0.0.1 is not a multicast address: give one from 224.0.1.0 to 239.255.255.255
node.toml:5: mode: is "threaded": give "pipelined" or "inline"
node.toml:8: timers.heartbeat_interval: is a whole number: give a length of time in quotes, like "100ms"
node.toml:9: timers.dead_after: "soon" is not a length of time: give a number and one of ns, us, ms, s, min, like "100ms"
node.toml:10: timers.suspect_after: "1h" is not a length of time: give a number and one of ns, us, ms, s, min, like "100ms"
node.toml:13: dpdk.way: is "fast": give "auto" or "vfio" or "bifurcated" or "af_xdp" or "af_packet"
node.toml:14: dpdk.hugepages: is a string: give true or false
node.toml:15: dpdk.eal_arguments: is not an array of strings: give one like ["a", "b"]
node.toml:18: limits.pool_packets: is 10: give a number from 256 to 4194304
node.toml:19: limits.event_queue: is 1000: give a power of two from 64 to 1048576
node.toml:20: limits.calls: is -1: give a number from 1 to 1048576
node.toml:23: services[0].path: "shop" is not a path: give segments, each after a '/', at most 255 bytes
node.toml:25: services[1].path: is missing: give the name of the service, like /shop/payments)");
}

TEST(ConfigFile, ReportsTimersThatContradictEachOther) {
  EXPECT_EQ(mistakes_below_the_required("[timers]\n"
                                        "heartbeat_interval = \"200ms\"\n"
                                        "suspect_after = \"300ms\"\n"
                                        "join_listen = \"300ms\"\n"
                                        "retransmit_max = \"100us\"\n"
                                        "dead_after = \"20min\"\n"),
            "node.toml:7: timers.suspect_after: is 300ms, and heartbeats come every 200ms: one "
            "lost packet would accuse a member; give at least twice the interval\n"
            "node.toml:8: timers.join_listen: is 300ms, and heartbeats come every 200ms: a joiner "
            "would not hear of everybody; give at least twice the interval\n"
            "node.toml:9: timers.retransmit_max: is 100us, less than timers.retransmit_min, 200us: "
            "give more\n"
            "node.toml:10: timers.dead_after: is 20min: give a length of time from 100us to 10min");
}

TEST(ConfigFile, ReportsLimitsOfTheDirectoryOutOfRange) {
  EXPECT_EQ(mistakes_below_the_required("[limits]\n"
                                        "change_log_bytes = 5000000000\n"
                                        "bindings_per_step = 0\n"
                                        "answer_pages = 256\n"
                                        "answer_packets_per_ms = 0\n"
                                        "repair_threshold = 70000\n"),
            "node.toml:6: limits.change_log_bytes: is 5000000000: give a number from 0 to "
            "4294967296\n"
            "node.toml:7: limits.bindings_per_step: is 0: give a number from 1 to 1048576\n"
            "node.toml:8: limits.answer_pages: is 256: give a number from 1 to 255\n"
            "node.toml:9: limits.answer_packets_per_ms: is 0: give a number from 1 to 1048576\n"
            "node.toml:10: limits.repair_threshold: is 70000: give a number from 0 to 65535");
}

TEST(ConfigFile, NamesTheKeysWhereNoneIsNear) {
  EXPECT_EQ(mistakes_below_the_required("[cores]\nworkers = 3\n"),
            "node.toml:6: cores.workers: is not known: give one of io, engine");
  EXPECT_EQ(mistakes_below_the_required("[timer]\n"),
            "node.toml:5: timer: is not known: did you mean timers?");
}

TEST(ConfigFile, RefusesTablesThatAreNone) {
  EXPECT_EQ(mistakes_below_the_required("limits = 3\nservices = [1]\n"),
            "node.toml:5: limits: is a whole number: give a table, [limits]\n"
            "node.toml:6: services: is an array: give tables, [[services]]");
}

TEST(ConfigFile, SaysWhereItIsNotToml) {
  EXPECT_TRUE(mistakes("name = \"a\"\ncluster =\n").starts_with("node.toml:2: is not TOML: "));
}

TEST(ConfigFile, SaysThatItCannotBeRead) {
  try {
    load_config("/nowhere/node.toml");
    FAIL() << "it was read";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "/nowhere/node.toml: cannot be read: No such file or directory; give the path of a "
        "TOML file");
  }
}

TEST(ConfigFile, IsLoadedFromItsPath) {
  const std::string path = testing::TempDir() + "muster_config_test.toml";
  std::ofstream(path) << required;
  EXPECT_EQ(load_config(path).name, "a");
}

TEST(Config, FromCodeIsCheckedAsAFileIs) {
  NodeConfig config = right();
  EXPECT_TRUE(find_mistakes(config).empty());
  config.name.clear();
  config.port = 0;
  try {
    validate(config);
    FAIL() << "it was accepted";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "name: is missing: give this member a name that no other member has\n"
                 "port: is 0: give a number from 1 to 65535");
  }
}

TEST(Config, RefusesTwoSpinningThreadsOnOneCore) {
  NodeConfig config = right();
  config.cores = {.io = {1}, .engine = 1};
  config.idle = Idle::spin;
  EXPECT_EQ(mistake(config),
            "cores.engine: is 1, as is cores.io, and both threads spin: give another core, or set "
            "idle = \"backoff\"");
  config.idle = Idle::backoff;
  EXPECT_TRUE(find_mistakes(config).empty());
}

TEST(Config, RefusesTwoSpinningThreadsOfThePortOnOneCore) {
  NodeConfig config = right();
  config.transport = TransportKind::dpdk;
  config.device = "eth1";
  config.io_threads = 2;
  config.idle = Idle::spin;
  config.cores = {.io = {1, 1}, .engine = 2};
  EXPECT_EQ(mistake(config),
            "cores.io: has 1 twice, and both threads spin: give another core, or set idle = "
            "\"backoff\"");
  config.cores.io = {1, 3};
  EXPECT_TRUE(find_mistakes(config).empty());
}

TEST(ConfigFile, TakesACoreForEachIoThread) {
  const auto read = [](std::string_view cores) {
    return parse_config(
        "name = \"a\"\ncluster = \"c\"\naddress = \"10.0.0.1/24\"\n"
        "device = \"eth1\"\nio_threads = 2\nidle = \"backoff\"\n[cores]\nio = " +
            std::string(cores) + "\n",
        "node.toml");
  };
  const NodeConfig config = read("[2, 3]");
  EXPECT_EQ(config.io_threads, 2U);
  EXPECT_EQ(config.cores.io, (std::vector<std::uint32_t>{2, 3}));
  const auto wrong = [&](std::string_view cores) {
    try {
      read(cores);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(wrong("2"),
            "node.toml:8: cores.io: has the length 1, and io_threads is 2: give a core for each, "
            "or none");
  EXPECT_EQ(wrong("[2, \"3\"]"), "node.toml:8: cores.io: is a string: give a whole number");
  EXPECT_EQ(wrong("[2, 5000]"), "node.toml:8: cores.io: is 5000: give a number from 0 to 1023");
  EXPECT_EQ(wrong("[2, -1]"), "node.toml:8: cores.io: is -1: give a number from 0 to 1023");
}

TEST(Config, SaysWhoHasOneIoThread) {
  NodeConfig config = right();
  config.transport = TransportKind::dpdk;
  config.device = "eth1";
  config.io_threads = 2;
  EXPECT_TRUE(find_mistakes(config).empty());
  config.mode = Mode::run_inline;
  EXPECT_EQ(mistake(config),
            "io_threads: is 2, and an inline node has no such thread: leave it out, or set mode = "
            "\"pipelined\"");
  config.mode = Mode::pipelined;
  config.transport = TransportKind::socket;
  EXPECT_EQ(mistake(config),
            "io_threads: is 2, and kernel sockets have one queue: leave it out, or set transport = "
            "\"dpdk\"");
  config.transport = TransportKind::dpdk;
  config.io_threads = 9;
  EXPECT_TRUE(mistake(config).starts_with("io_threads: is 9: give a number from 1 to 8"));
}

TEST(Config, RefusesNamesThatDoNotFit) {
  NodeConfig config = right();
  config.name = std::string(64, 'a');
  EXPECT_EQ(mistake(config), "name: has 64 bytes: give at most 63");
  config.name = "a\nb";
  EXPECT_EQ(mistake(config), "name: has control characters: use letters, digits and punctuation");
}

TEST(Config, RefusesAServiceThatIsThereTwice) {
  NodeConfig config = right();
  config.services = {{"/x", "1"}, {"/x", "2"}};
  EXPECT_EQ(mistake(config), "services[1].path: \"/x\" is there twice: remove one");
}

}  // namespace
}  // namespace muster
