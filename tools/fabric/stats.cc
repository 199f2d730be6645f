#include "tools/fabric/stats.h"

#include <nlohmann/json.hpp>

namespace muster::fabric {
namespace {

using nlohmann::ordered_json;

template <class Counts, class Name>
ordered_json named(const Counts& counts, Name name) {
  ordered_json out = ordered_json::object();
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0) out[std::string(name(i))] = counts[i];
  return out;
}

ordered_json traffic(const Traffic& traffic) {
  const auto kind = [](std::size_t i) { return kind_name(static_cast<PacketKind>(i)); };
  return {{"frames", traffic.frames},
          {"bytes", traffic.bytes},
          {"unicast", named(traffic.unicast, kind)},
          {"multicast", named(traffic.multicast, kind)}};
}

ordered_json faults(const LinkFaults& faults) {
  return {{"loss", faults.loss},
          {"duplicate", faults.duplicate},
          {"reorder", faults.reorder},
          {"delay_ns", faults.delay_ns},
          {"reorder_delay_ns", faults.reorder_delay_ns}};
}

ordered_json reaches(const Connectivity& connectivity, PortIndex from, std::size_t ports) {
  ordered_json out = ordered_json::array();
  for (std::size_t to = 0; to < ports; ++to)
    if (to != from && !connectivity.barrier(from, static_cast<PortIndex>(to))) out.push_back(to);
  return out;
}

ordered_json rule(const DropRule& rule) {
  ordered_json out = {{"count", rule.count}};
  if (rule.kind) out["type"] = kind_name(*rule.kind);
  if (rule.from) out["from"] = *rule.from;
  if (rule.to) out["to"] = *rule.to;
  return out;
}

}  // namespace

ordered_json stats(const Forwarder& forwarder, std::size_t buffers_in_use) {
  ordered_json ports = ordered_json::array();
  for (std::size_t port = 0; port < forwarder.counters().size(); ++port) {
    const PortCounters& counters = forwarder.counters()[port];
    const PortLink& link = forwarder.faults().links[port];
    ports.push_back(
        {{"port", port},
         {"in", traffic(counters.in)},
         {"out", traffic(counters.out)},
         {"dropped", named(counters.dropped, [](std::size_t i) { return drop_names[i]; })},
         {"faults", {{"in", faults(link.in.faults())}, {"out", faults(link.out.faults())}}},
         {"reaches", reaches(forwarder.faults().connectivity, static_cast<PortIndex>(port),
                             forwarder.counters().size())}});
  }
  ordered_json rules = ordered_json::array();
  for (const DropRule& pending : forwarder.faults().rules.pending()) rules.push_back(rule(pending));
  return {{"buffers_in_use", buffers_in_use},
          {"ports", std::move(ports)},
          {"drop_next", std::move(rules)}};
}

}  // namespace muster::fabric
