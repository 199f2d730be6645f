#include "tools/fabric/command.h"

#include <memory>

#include <fmt/format.h>

#include "tools/errors.h"
#include "tools/fabric/client_commands.h"
#include "tools/fabric/frame_info.h"
#include "tools/fabric/options.h"
#include "tools/fabric/run.h"
#include "tools/fabric/values.h"

namespace muster::fabric {
namespace {

constexpr const char* description = "Run a virtual switch that joins members on this machine";

constexpr const char* examples =
    R"(It learns and floods as an Ethernet switch does, and loses, doubles, delays and reorders frames
when it is told to, at the start and while it runs.

Examples:
  muster fabric --socket /tmp/lab.sock --ports 4
      A switch with four ports, until Ctrl-C. Member 0 connects to it with the port
      net_memif0,role=client,id=0,socket=/tmp/lab.sock,socket-abstract=no
      and member 1 with id=1, and so on. No root, no hugepages, no NIC.
  muster fabric --socket /tmp/lab.sock --ports 4 --loss 5% --delay 1ms --capture lab.pcapng
      The same with a bad network, and all that enters it in a file for Wireshark.
  muster fabric set loss=0 --socket /tmp/lab.sock
  muster fabric drop-next advertisement --to 2 --socket /tmp/lab.sock
  muster fabric partition 0,1 2,3 --socket /tmp/lab.sock
  muster fabric stats --socket /tmp/lab.sock
      While it runs: change it, and ask it. See also muster fabric set --help, and so on.)";

template <class Value, Value (*parse)(std::string_view, const std::string&)>
void add_fault(CLI::App& fabric, const std::string& name, Value& value, const std::string& type,
               const std::string& help) {
  fabric
      .add_option_function<std::string>(
          name, [name, &value](const std::string& text) { value = parse(name, text); }, help)
      ->type_name(type);
}

void add_faults(CLI::App& fabric, LinkFaults& faults) {
  constexpr auto add_probability = add_fault<double, parse_probability>;
  constexpr auto add_delay = add_fault<DurationNs, parse_delay>;
  add_probability(fabric, "--loss", faults.loss, "P", "lose a frame: 0.05 or 5%");
  add_probability(fabric, "--duplicate", faults.duplicate, "P", "deliver a frame twice");
  add_delay(fabric, "--delay", faults.delay_ns, "TIME",
            "delay every frame: 250us, 1ms; a bare number is nanoseconds");
  add_probability(fabric, "--reorder", faults.reorder, "P",
                  "hold a frame back, so that later ones pass it");
  add_delay(fabric, "--reorder-delay", faults.reorder_delay_ns, "TIME",
            "hold it back up to this long [1ms]");
}

}  // namespace

void add_command(CLI::App& app, Action& chosen) {
  CLI::App& fabric = *app.add_subcommand("fabric", description);
  const auto options = std::make_shared<FabricOptions>();
  fabric.footer(examples);
  fabric.add_option("--socket", options->socket, "where members connect: a path for a new socket")
      ->type_name("PATH");
  fabric
      .add_option("--control", options->control,
                  "where the running switch is changed and asked [the path of --socket, then "
                  ".control]")
      ->type_name("PATH");
  fabric.add_option("--ports", options->ports, "how many members can connect")
      ->check(CLI::Range(std::size_t{2}, ports_max))
      ->capture_default_str();
  fabric
      .add_option("--mtu", options->mtu,
                  "the longest IP packet that it carries, as the members' mtu")
      ->check(CLI::Range(mtu_min, mtu_max))
      ->capture_default_str();
  fabric
      .add_option("--seed", options->seed,
                  "picks the dice: the same seed decides the same for the same frames")
      ->capture_default_str();
  add_faults(fabric, options->faults);
  fabric
      .add_option("--capture", options->capture,
                  "write what enters the switch to a .pcapng or .pcap file")
      ->type_name("FILE");
  fabric.add_flag("--supervised", options->supervised, "end when standard input closes");

  fabric.parse_complete_callback([options] {
    if (options->control.empty() && !options->socket.empty())
      options->control = options->socket + ".control";
  });
  add_client_commands(fabric, options, chosen);
  fabric.callback([&fabric, &chosen, options] {
    if (!fabric.get_subcommands().empty()) return;
    if (options->socket.empty())
      throw UsageError(
          "--socket is missing; name a path for the switch's socket, such as --socket "
          "/tmp/lab.sock");
    chosen = [options] { return run_fabric(*options); };
  });
}

}  // namespace muster::fabric
