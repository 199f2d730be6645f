#include "tools/fabric/forwarder.h"

#include <bit>

namespace muster::fabric {

Forwarder::Forwarder(const SwitchConfig& config)
    : all_(static_cast<PortSet>((std::uint64_t{1} << config.ports) - 1)),
      table_(config.stations_max, config.age_ns),
      faults_(config.ports, config.seed),
      counters_(config.ports) {
  departures_.reserve(4 * config.ports);  // two copies on the way in, two of each on the way out
}

std::span<const Departure> Forwarder::forward(const FrameInfo& info, PortIndex from, TimeNs now) {
  departures_.clear();
  PortCounters& port = counters_[from];
  port.in.count(info);
  if (faults_.rules.drops(info.kind, from, std::nullopt)) {
    port.drop(Drop::rule);
    return {};
  }
  const Arrivals arrivals = faults_.links[from].in.pass(now);
  if (arrivals.count == 0) {
    port.drop(Drop::loss);
    return {};
  }
  const PortSet to = destinations(info, from, now);
  for (const TimeNs entered : arrivals) leave(info, from, to, entered);
  return departures_;
}

PortSet Forwarder::destinations(const FrameInfo& info, PortIndex from, TimeNs now) {
  table_.learn(info.source, from, now);
  const PortSet others = all_ & ~only(from);
  if (info.multicast) return others;
  const auto known = table_.find(info.destination, now);
  if (!known) return others;
  if (*known == from) counters_[from].drop(Drop::own_port);
  return only(*known) & others;
}

void Forwarder::leave(const FrameInfo& info, PortIndex from, PortSet to, TimeNs entered) {
  for (; to != 0; to &= to - 1) {
    const auto port = static_cast<PortIndex>(std::countr_zero(to));
    if (const auto barrier = faults_.connectivity.barrier(from, port)) {
      counters_[port].drop(*barrier);
      continue;
    }
    if (faults_.rules.drops(info.kind, from, port)) {
      counters_[port].drop(Drop::rule);
      continue;
    }
    const Arrivals arrivals = faults_.links[port].out.pass(entered);
    if (arrivals.count == 0) counters_[port].drop(Drop::loss);
    for (const TimeNs when : arrivals) departures_.push_back({port, when});
  }
}

}  // namespace muster::fabric
