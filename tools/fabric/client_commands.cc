#include "tools/fabric/client_commands.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tools/errors.h"
#include "tools/fabric/control_client.h"
#include "tools/fabric/frame_info.h"
#include "tools/fabric/stats_table.h"
#include "tools/fabric/values.h"

namespace muster::fabric {
namespace {

using Json = nlohmann::ordered_json;  // keeps the order in which the switch tells
using Words = std::vector<std::string>;
using Options = std::shared_ptr<const FabricOptions>;

/// The answer to a request that was not refused.
Json ask_switch(const FabricOptions& options, const Json& request) {
  if (options.control.empty())
    throw UsageError("--socket is missing; name the path that the switch was started with");
  Json answer = Json::parse(ask(options.control, request.dump()), nullptr, false);
  if (!answer.is_object() || !answer.contains("ok"))
    throw StartError(fmt::format("what listens at {} is not a muster fabric", options.control));
  if (answer["ok"] != true) throw UsageError(answer.value("error", "the switch refused"));
  return answer;
}

std::uint64_t parse_number(std::string_view name, std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size())
    throw UsageError(fmt::format("{} {}: must be a whole number", name, text));
  return number;
}

/// "loss=5%", "delay=1ms", "port=2" … -> the body of a set request.
Json parse_settings(const Words& settings) {
  Json body = Json::object();
  for (const std::string& setting : settings) {
    const std::size_t equals = std::min(setting.find('='), setting.size());
    const std::string name = setting.substr(0, equals);
    const std::string value = setting.substr(std::min(equals + 1, setting.size()));
    if (name == "loss" || name == "duplicate" || name == "reorder")
      body[name] = parse_probability(name, value);
    else if (name == "delay" || name == "reorder-delay")
      body[name == "delay" ? "delay_ns" : "reorder_delay_ns"] = parse_delay(name, value);
    else if (name == "port")
      body[name] = parse_number(name, value);
    else if (name == "direction")
      body[name] = value;
    else
      throw UsageError(
          fmt::format("{} cannot be set; use loss=, duplicate=, reorder=, delay=, "
                      "reorder-delay=, and port= or direction= to say where",
                      name));
  }
  return body;
}

/// "0,1" "2,3" -> [[0,1],[2,3]].
Json parse_groups(const Words& groups) {
  Json body = Json::array();
  for (const std::string& group : groups) {
    Json ports = Json::array();
    for (std::size_t start = 0; start <= group.size();) {
      const std::size_t comma = std::min(group.find(',', start), group.size());
      ports.push_back(parse_number("partition", group.substr(start, comma - start)));
      start = comma + 1;
    }
    body.push_back(std::move(ports));
  }
  return body;
}

/// A subcommand that sends what `request` gives and says "ok".
template <class Request>
void sends(CLI::App& command, const Options& options, Action& chosen, const Request& request) {
  command.callback([options, &chosen, request] {
    chosen = [options, request] {
      ask_switch(*options, request());
      fmt::print("ok\n");
      return 0;
    };
  });
}

CLI::App& add(CLI::App& fabric, const std::string& name, const std::string& description,
              const std::string& example, const std::string& details = {}) {
  CLI::App& command = *fabric.add_subcommand(name, description);
  command.fallthrough();  // --socket and --control are the parent's
  command.footer(details + "Example:\n  muster fabric " + example + " --socket /tmp/lab.sock");
  return command;
}

void add_set(CLI::App& fabric, const Options& options, Action& chosen) {
  CLI::App& command =
      add(fabric, "set", "Change the faults of every link, or of one port",
          "set loss=20% delay=1ms port=2 direction=in",
          "direction=out, the default, is what a member receives: lost there, only it "
          "misses it.\ndirection=in is what it sends: lost there, nobody gets it.\n\n");
  const auto settings = std::make_shared<Words>();
  command
      .add_option("settings", *settings,
                  "loss=P duplicate=P reorder=P delay=TIME reorder-delay=TIME port=N "
                  "direction=in|out")
      ->required();
  sends(command, options, chosen, [settings] { return Json{{"set", parse_settings(*settings)}}; });
}

void add_partition(CLI::App& fabric, const Options& options, Action& chosen) {
  CLI::App& partition =
      add(fabric, "partition", "Separate groups of ports from each other", "partition 0,1 2,3",
          "Ports that are not named form one more group. A new partition takes "
          "the place of the last.\n\n");
  const auto groups = std::make_shared<Words>();
  partition.add_option("groups", *groups, "the ports of each group, with commas between them")
      ->required();
  sends(partition, options, chosen,
        [groups] { return Json{{"partition", parse_groups(*groups)}}; });

  CLI::App& cut = add(fabric, "cut", "Let nothing pass from one port to another, one way only",
                      "cut --from 0 --to 1");
  const auto ends = std::make_shared<std::pair<unsigned, unsigned>>();
  cut.add_option("--from", ends->first, "the port that sends")->required();
  cut.add_option("--to", ends->second, "the port that does not receive")->required();
  sends(cut, options, chosen,
        [ends] { return Json{{"cut", {{"from", ends->first}, {"to", ends->second}}}}; });

  sends(add(fabric, "heal", "End the partition and every cut; loss and delay stay", "heal"),
        options, chosen, [] { return Json{{"heal", true}}; });
}

void add_drop_next(CLI::App& fabric, const Options& options, Action& chosen) {
  CLI::App& command = add(fabric, "drop-next", "Drop the next packets of a type, then no more",
                          "drop-next advertisement --to 2",
                          "With --to, only that port misses them; without, nobody gets them.\n\n");
  struct Rule {
    std::string type;
    std::optional<unsigned> from;
    std::optional<unsigned> to;
    std::uint64_t count = 1;
  };
  const auto rule = std::make_shared<Rule>();
  command.add_option("type", rule->type, "one of: " + kind_names())->type_name("TYPE")->required();
  command.add_option("--from", rule->from, "only what this port's member sent");
  command.add_option("--to", rule->to, "only what would leave by this port");
  command.add_option("--count", rule->count, "how many")->capture_default_str();
  sends(command, options, chosen, [rule] {
    Json body = {{"type", rule->type}, {"count", rule->count}};
    if (rule->from) body["from"] = *rule->from;
    if (rule->to) body["to"] = *rule->to;
    return Json{{"drop_next", std::move(body)}};
  });
}

void add_stats(CLI::App& fabric, const Options& options, Action& chosen) {
  CLI::App& stats = add(fabric, "stats", "Show what each port sent, received and lost", "stats");
  const auto as_json = std::make_shared<bool>(false);
  stats.add_flag("--json", *as_json, "everything that is counted, by type of packet, as JSON");
  stats.callback([options, &chosen, as_json] {
    chosen = [options, as_json] {
      const Json answer = ask_switch(*options, {{"stats", true}})["stats"];
      fmt::print("{}\n", *as_json ? answer.dump(2) : stats_table(answer));
      return 0;
    };
  });
}

}  // namespace

void add_client_commands(CLI::App& fabric, const Options& options, Action& chosen) {
  add_set(fabric, options, chosen);
  add_partition(fabric, options, chosen);
  add_drop_next(fabric, options, chosen);
  add_stats(fabric, options, chosen);
}

}  // namespace muster::fabric
