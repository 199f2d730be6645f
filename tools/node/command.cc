#include "tools/node/command.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "cluster/wire/path.h"
#include "node/config_file.h"
#include "node/node.h"
#include "tools/errors.h"
#include "tools/node/console.h"
#include "tools/node/output.h"

namespace muster::node_command {
namespace {

constexpr const char* description =
    "One member of a cluster: joins, shows who is there and who offers what, and does what it is "
    "told on standard input";

constexpr const char* examples = R"(Examples:
  muster fabric --socket /tmp/lab.sock --ports 4
      A switch for this machine. Then, each in a terminal of its own:
  muster node --name ann --address 10.77.0.1/24 \
      --device net_memif0,role=client,id=0,socket=/tmp/lab.sock,socket-abstract=no
  muster node --name bob --address 10.77.0.2/24 --advertise /db/main=primary \
      --device net_memif0,role=client,id=1,socket=/tmp/lab.sock,socket-abstract=no
  muster node --transport socket --name ann --address 127.0.0.1/8
      The same over kernel sockets, without a switch.
  muster node --config server.toml
      All of it from a file; options given besides it win.

On standard input, a line each:
  advertise PATH [VALUE] | withdraw PATH | serve PATH | send MEMBER TEXT | call PATH TEXT |
  ping MEMBER [COUNT] | members | tree | state | stats | leave
The end of the input ends nothing; `leave`, Ctrl-C and SIGTERM do. Members meet those of the same
--cluster only. Exit status: 0 it left, 1 it could not start or go on, 2 an option is wrong.)";

/// In the order of PortWay.
const std::vector<std::string> ways = {"auto", "vfio", "bifurcated", "af_xdp", "af_packet"};

/// In the order of Idle.
const std::vector<std::string> idles = {"auto", "spin", "backoff", "sleep"};

/// What was said on the command line; what was not comes from the file, or is the default.
struct Options {
  std::string config;
  std::optional<std::string> name, cluster, device, address, group, gateway, way, transport, preset,
      mode, idle;
  std::optional<std::uint16_t> port, vlan, io_threads;
  std::optional<std::uint32_t> mtu;
  std::vector<std::string> seeds;
  bool unicast = false;
  std::vector<std::string> advertise;
  std::vector<std::string> serve;
  bool json = false;
  bool stay = false;
};

Preset preset_of(const std::string& word) {
  if (word == "fast") return Preset::fast;
  return word == "wan" ? Preset::wan : Preset::lan;
}

Idle idle_of(const std::string& word) {
  return static_cast<Idle>(std::ranges::find(idles, word) - idles.begin());
}

PortWay way_of(const std::string& word) {
  return static_cast<PortWay>(std::ranges::find(ways, word) - ways.begin());
}

NodeConfig configure(const Options& options) {
  NodeConfig config;
  config.cluster = "muster";
  config.idle = Idle::backoff;
  if (!options.config.empty()) config = load_config(options.config);
  const auto take = [](auto& field, const auto& option) {
    if (option) field = *option;
  };
  take(config.name, options.name);
  take(config.cluster, options.cluster);
  take(config.device, options.device);
  take(config.address, options.address);
  take(config.group, options.group);
  take(config.gateway, options.gateway);
  take(config.mtu, options.mtu);
  take(config.vlan, options.vlan);
  take(config.port, options.port);
  take(config.io_threads, options.io_threads);
  if (!options.seeds.empty()) config.seeds = options.seeds;
  if (options.unicast) config.multicast = false;
  if (options.transport)
    config.transport = *options.transport == "socket" ? TransportKind::socket : TransportKind::dpdk;
  if (options.way) config.dpdk.way = way_of(*options.way);
  if (options.preset) use_preset(config, preset_of(*options.preset));
  if (options.mode) config.mode = *options.mode == "inline" ? Mode::run_inline : Mode::pipelined;
  if (options.idle) config.idle = idle_of(*options.idle);
  for (const std::string& binding : options.advertise) {
    const std::size_t equals = binding.find('=');
    config.services.push_back(
        {binding.substr(0, equals), equals == std::string::npos ? "" : binding.substr(equals + 1)});
  }
  return config;
}

volatile std::sig_atomic_t asked_to_leave = 0;

/// Lines from standard input, as they come; looked at rarely, since a look is a system call.
class Input {
 public:
  template <class Take>
  void look(Take&& take) {
    const auto now = std::chrono::steady_clock::now();
    if (ended_ || now < next_look_) return;
    next_look_ = now + std::chrono::milliseconds(2);
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 0) <= 0) return;
    char buffer[16 * 1024];
    const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got == 0) ended_ = true;
    if (got <= 0) return;
    partial_.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t end; (end = partial_.find('\n')) != std::string::npos;) {
      const std::string line = partial_.substr(0, end);
      partial_.erase(0, end + 1);
      take(line);
    }
  }

 private:
  bool ended_ = false;
  std::string partial_;
  std::chrono::steady_clock::time_point next_look_;
};

int run(const Options& options) {
  const NodeConfig config = configure(options);
  for (const std::string& path : options.serve)
    if (!wire::valid_path(path))
      throw UsageError(
          fmt::format("--serve {}: is not a path: give segments, each after a '/', "
                      "at most {} bytes",
                      path, wire::path_bytes_max));
  const Output output(options.json);
  Console console(config.name, output,
                  options.stay ? Console::LostPort::waits : Console::LostPort::ends);
  Node node(config, console);
  console.attach(node);
  console.say_start();
  std::signal(SIGINT, [](int) { asked_to_leave = 1; });
  std::signal(SIGTERM, [](int) { asked_to_leave = 1; });

  const DurationNs join_limit_ns = 20 * config.membership.join_listen_ns + 5 * second;
  if (!node.join(join_limit_ns))
    throw StartError(fmt::format("{} did not become a member in time; is the switch at {} running?",
                                 config.name, config.device));
  for (const std::string& path : options.serve) console.serve_echo(path);
  Input input;
  bool leaving = false;
  while (!console.done()) {
    const std::size_t work = node.poll();
    console.step();
    input.look([&](const std::string& line) { console.command(line); });
    if (asked_to_leave != 0 && !std::exchange(leaving, true)) node.leave();
    node.idle(work);
  }
  if (!console.failure().empty()) throw StartError(console.failure());
  return 0;
}

}  // namespace

void add_command(CLI::App& app, Action& chosen) {
  CLI::App& node = *app.add_subcommand("node", description);
  const auto options = std::make_shared<Options>();
  node.footer(examples);
  const auto choice = [&](const char* name, auto& value, std::vector<std::string> words,
                          const char* help) {
    node.add_option(name, value, help)->check(CLI::IsMember(std::move(words)))->type_name("");
  };
  node.add_option("--config", options->config, "a TOML file")->type_name("FILE");
  node.add_option("--name", options->name, "of this member, unique in the cluster");
  node.add_option("--cluster", options->cluster,
                  "members of other clusters are not heard [muster]");
  choice("--transport", options->transport, {"dpdk", "socket"}, "what packets go over [dpdk]");
  node.add_option("--device", options->device,
                  "the port: an interface (eth1), its MAC, a PCI address, or a vdev of DPDK");
  choice("--way", options->way, ways, "to a port by its name: the best one, or this [auto]");
  node.add_option("--address", options->address, "of this member: 10.77.0.1/24, or fd77::1/64");
  node.add_option("--mtu", options->mtu, "the longest packet, the same for all members [1500]")
      ->check(CLI::Range(mtu_min, mtu_max))
      ->type_name("");
  node.add_option("--vlan", options->vlan, "whose tag the port's frames bear: 1 to 4094 [none]")
      ->check(CLI::Range(1, 4094))
      ->type_name("");
  node.add_option("--port", options->port, "UDP port, the same for all members [7777]")
      ->check(CLI::Range(1, 65535))
      ->type_name("");
  node.add_option("--group", options->group,
                  "multicast group of the cluster [239.77.0.1, or ff12::4d:1 with IPv6]");
  node.add_option("--gateway", options->gateway,
                  "through whom seeds in other networks are reached: 10.77.0.254");
  node.add_flag("--unicast", options->unicast, "this member's network has no multicast");
  node.add_option("--seed", options->seeds,
                  "where a member is, for those whom multicast does not reach: 10.77.0.1:7777, or "
                  "[fd77::1]:7777")
      ->type_name("ADDRESS:PORT");
  choice(
      "--preset", options->preset, {"lan", "fast", "wan"},
      "timers: lan notices a death in 0.5 s, fast in 9 ms but wants cores of its own, wan in 4.5 s "
      "[lan]");
  choice("--mode", options->mode, {"pipelined", "inline"},
         "threads of its own, or one [pipelined]");
  node.add_option("--io-threads", options->io_threads,
                  "of a pipelined node on a port of DPDK, each with a queue of it; the event port "
                  "says how many queues there are [1]")
      ->check(CLI::Range(1, 8))
      ->type_name("");
  choice("--idle", options->idle, idles,
         "when nothing is to do: poll on, let others have the core, sleep until woken, or by their "
         "number "
         "[backoff]");
  node.add_option("--advertise", options->advertise, "a name to bind: /path or /path=value");
  node.add_option("--serve", options->serve, "a path whose calls are answered with their payload");
  node.add_flag(
      "--stay", options->stay,
      "goes on without its port, should that be lost (event port_lost), and is there again "
      "with it");
  node.add_flag("--json", options->json, "one JSON object for each event, in a line");
  node.callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace muster::node_command
