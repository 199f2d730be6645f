#include "tools/fabric/control_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "tools/fabric/control_fields.h"
#include "tools/fabric/stats.h"

namespace muster::fabric {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::optional<PortIndex> port_field(const Fields& fields, std::string_view name,
                                    const Forwarder& forwarder) {
  const auto port = fields.integer(name, 0, forwarder.counters().size() - 1);
  if (!port) return std::nullopt;
  return static_cast<PortIndex>(*port);
}

void set_faults(const json& body, Forwarder& forwarder) {
  const Fields fields(
      body, "set",
      {"loss", "duplicate", "reorder", "delay_ns", "reorder_delay_ns", "port", "direction"});
  const auto loss = fields.number("loss", probability_max);
  const auto duplicate = fields.number("duplicate", probability_max);
  const auto reorder = fields.number("reorder", probability_max);
  const auto delay_ns = fields.integer("delay_ns", 0, delay_ns_max);
  const auto reorder_delay_ns = fields.integer("reorder_delay_ns", 0, delay_ns_max);
  const auto only_port = port_field(fields, "port", forwarder);
  const std::string direction = fields.text("direction").value_or("out");
  if (direction != "in" && direction != "out")
    throw RequestError{
        fields.at("direction"),
        "must be \"in\" (what the port's member sends) or \"out\" (what it receives)"};

  auto& links = forwarder.faults().links;
  for (std::size_t port = 0; port < links.size(); ++port) {
    if (only_port.value_or(port) != port) continue;
    LinkFaults& faults = (direction == "in" ? links[port].in : links[port].out).faults();
    faults.loss = loss.value_or(faults.loss);
    faults.duplicate = duplicate.value_or(faults.duplicate);
    faults.reorder = reorder.value_or(faults.reorder);
    faults.delay_ns = delay_ns.value_or(faults.delay_ns);
    faults.reorder_delay_ns = reorder_delay_ns.value_or(faults.reorder_delay_ns);
  }
}

void partition(const json& body, Forwarder& forwarder) {
  const std::string shape = "must be a list of lists of ports, such as [[0,1],[2,3]]";
  if (!body.is_array()) throw RequestError{"partition", shape};
  std::vector<PortSet> groups;
  PortSet named = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const std::string path = fmt::format("partition[{}]", i);
    if (!body[i].is_array()) throw RequestError{path, shape};
    PortSet group = 0;
    for (const json& member : body[i]) {
      const auto port = static_cast<PortIndex>(
          Fields::checked_integer(member, path, 0, forwarder.counters().size() - 1));
      if (contains(named, port))
        throw RequestError{path, fmt::format("names port {} again; a port is in one group", port)};
      named |= only(port);
      group |= only(port);
    }
    groups.push_back(group);
  }
  forwarder.faults().connectivity.partition(groups);
}

void cut(const json& body, Forwarder& forwarder) {
  const Fields fields(body, "cut", {"from", "to"});
  const auto from = port_field(fields, "from", forwarder);
  const auto to = port_field(fields, "to", forwarder);
  if (!from) throw RequestError{fields.at("from"), "is missing; name the port that sends"};
  if (!to) throw RequestError{fields.at("to"), "is missing; name the port that shall not receive"};
  forwarder.faults().connectivity.cut(*from, *to);
}

void drop_next(const json& body, Forwarder& forwarder) {
  const Fields fields(body, "drop_next", {"type", "from", "to", "count"});
  DropRule rule;
  if (const auto type = fields.text("type")) {
    rule.kind = kind_named(*type);
    if (!rule.kind)
      throw RequestError{fields.at("type"),
                         fmt::format("is no type of packet; types are {}", kind_names())};
  }
  rule.from = port_field(fields, "from", forwarder);
  rule.to = port_field(fields, "to", forwarder);
  rule.count = fields.integer("count", 1, UINT64_MAX).value_or(1);
  if (!forwarder.faults().rules.add(rule))
    throw RequestError{"drop_next", fmt::format("{} rules wait for their packets already; let some "
                                                "be spent first",
                                                DropRules::rules_max)};
}

void expect_true(const std::string& name, const json& body) {
  if (body != true) throw RequestError{name, "must be true"};
}

ordered_json carry_out(const std::string& name, const json& body, Forwarder& forwarder,
                       std::size_t buffers_in_use) {
  ordered_json answer = {{"ok", true}};
  if (name == "set") {
    set_faults(body, forwarder);
  } else if (name == "partition") {
    partition(body, forwarder);
  } else if (name == "cut") {
    cut(body, forwarder);
  } else if (name == "drop_next") {
    drop_next(body, forwarder);
  } else if (name == "heal") {
    expect_true(name, body);
    forwarder.faults().connectivity.heal();
  } else if (name == "stats") {
    expect_true(name, body);
    answer["stats"] = stats(forwarder, buffers_in_use);
  } else {
    throw RequestError{name,
                       "is no request; requests are set, partition, cut, heal, drop_next, stats"};
  }
  return answer;
}

}  // namespace

std::string answer_request(std::string_view line, Forwarder& forwarder,
                           std::size_t buffers_in_use) {
  ordered_json answer;
  try {
    const json request = json::parse(line, nullptr, false);
    if (!request.is_object() || request.size() != 1)
      throw RequestError{"request",
                         "must be a JSON object with one member, such as {\"stats\":true}"};
    answer = carry_out(request.begin().key(), request.begin().value(), forwarder, buffers_in_use);
  } catch (const RequestError& error) {
    answer = {{"ok", false},
              {"field", error.field},
              {"error", fmt::format("{} {}", error.field, error.remedy)}};
  }
  // Bytes of a request that are not UTF-8 may stand in the answer: replaced, not thrown at.
  return answer.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace muster::fabric
