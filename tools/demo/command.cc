#include "tools/demo/command.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tools/demo/scenario.h"
#include "tools/demo/summary.h"
#include "tools/errors.h"
#include "tools/lab/stage.h"

namespace muster::demo {
namespace {

constexpr const char* description =
    "Shows the main job on this machine: a virtual switch and four servers, each a process with a "
    "DPDK port of its own, that join, advertise, talk, lose one, and leave";

constexpr const char* examples = R"(Examples:
  muster demo
      Ends by itself in a few seconds, with a summary; status 0 when all of it happened.
  muster demo --json summary.json --capture demo.pcapng
      The summary for programs, and every frame that crossed the switch:
      tshark -r demo.pcapng -Y udp.port==7777)";

constexpr std::size_t servers = 4;

struct Options {
  std::string json;
  std::string capture;
};

/// Opened before anything runs, so that a mistake is told at once.
std::ofstream open(const std::string& path) {
  std::ofstream file(path);
  if (!file)
    throw StartError(
        fmt::format("--json: cannot write {}; name a file in a folder that you may write", path));
  return file;
}

int run(const Options& options) {
  std::ofstream json;
  if (!options.json.empty()) json = open(options.json);
  Summary summary;
  std::string broken;
  {
    std::vector<std::string> capture;
    if (!options.capture.empty()) capture = {"--capture", options.capture};
    lab::Stage stage(std::filesystem::read_symlink("/proc/self/exe"), servers, capture);
    try {
      Scenario(stage, summary).play();
    } catch (const StartError& error) {
      broken = error.what();
    }
    summary.seconds = stage.seconds();
  }
  if (!broken.empty() && !summary.steps.empty()) {
    summary.steps.back().ok = false;
    summary.steps.back().reason = broken;
  }
  fmt::print("{}", summary.to_text());
  if (json.is_open()) json << summary.to_json().dump(2) << '\n';
  return summary.ok() ? 0 : 1;
}

}  // namespace

void add_command(CLI::App& app, Action& chosen) {
  CLI::App& demo = *app.add_subcommand("demo", description);
  const auto options = std::make_shared<Options>();
  demo.footer(examples);
  demo.add_option("--json", options->json, "write the summary there as well")->type_name("FILE");
  demo.add_option("--capture", options->capture,
                  "write what enters the switch to a .pcapng or .pcap file")
      ->type_name("FILE");
  demo.callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace muster::demo
