#include "tools/fabric/stats_table.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace muster::fabric {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t sum(const Json& counts) {
  std::uint64_t total = 0;
  for (const Json& count : counts) total += count.get<std::uint64_t>();
  return total;
}

std::string causes(const Json& dropped) {
  std::string text;
  for (const auto& [cause, count] : dropped.items())
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", cause, count.get<std::uint64_t>());
  return text.empty() ? "-" : text;
}

}  // namespace

std::string stats_table(const Json& stats) {
  constexpr const char* line = "\n{:>4} {:>12} {:>12} {:>12} {:>12}  {}";
  std::string table = fmt::format("{:>4} {:^25} {:^25}", "", "the member sent", "it was given");
  table += fmt::format(line, "port", "unicast", "multicast", "unicast", "multicast", "dropped");
  for (const Json& port : stats["ports"])
    table += fmt::format(line, port["port"].get<unsigned>(), sum(port["in"]["unicast"]),
                         sum(port["in"]["multicast"]), sum(port["out"]["unicast"]),
                         sum(port["out"]["multicast"]), causes(port["dropped"]));
  for (const Json& rule : stats["drop_next"]) table += "\nwaits to drop: " + rule.dump();
  return table;
}

}  // namespace muster::fabric
