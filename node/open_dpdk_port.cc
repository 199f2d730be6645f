#include "dpdk_transport/dpdk_transport.h"
#include "dpdk_transport/port_choice.h"
#include "node/address.h"
#include "node/member_config.h"
#include "node/near_memory.h"
#include "node/open_port.h"

namespace muster {
namespace {

dpdk::Route route_of(const NodeConfig& config) {
  const Network network = parse_network(config.address).value();
  return {.first = network.first(),
          .last = network.last(),
          .gateway = parse_address(config.gateway).value_or(IpAddress{})};
}

std::optional<dpdk::Way> forced(PortWay way) {
  switch (way) {
    case PortWay::automatic:
      break;
    case PortWay::vfio:
      return dpdk::Way::vfio;
    case PortWay::bifurcated:
      return dpdk::Way::bifurcated;
    case PortWay::af_xdp:
      return dpdk::Way::af_xdp;
    case PortWay::af_packet:
      return dpdk::Way::af_packet;
  }
  return std::nullopt;
}

dpdk::PortChoice choose_port(const NodeConfig& config, const dpdk::NicFacts& facts) {
  return dpdk::choose_port(config.device, forced(config.dpdk.way), facts, config.mtu,
                           config.io_threads);
}

/// Of one queue.
std::vector<NamedCount> counts_of(const DpdkTransport& queue) {
  const DpdkTransportStats stats = queue.stats();
  return std::vector<NamedCount>{{"received", stats.received},
                                 {"sent", stats.sent},
                                 {"too_long", stats.too_long},
                                 {"malformed", stats.malformed},
                                 {"bad_checksum", stats.bad_checksum},
                                 {"fragments", stats.fragments},
                                 {"not_for_us", stats.not_for_us},
                                 {"other_traffic", stats.other_traffic},
                                 {"other_vlan", stats.other_vlan},
                                 {"address_conflicts", stats.address_conflicts},
                                 {"tx_full", stats.tx_full},
                                 {"tx_spared", stats.tx_spared},
                                 {"link_down", stats.link_down},
                                 {"unresolved", stats.unresolved},
                                 {"oversize", stats.oversize},
                                 {"no_buffer", stats.no_buffer},
                                 {"ring_full", stats.ring_full},
                                 {"neighbour_requests", stats.neighbour_requests},
                                 {"neighbours_answered", stats.neighbours_answered},
                                 {"echo_answered", stats.echo_answered},
                                 {"group_reports", stats.group_reports},
                                 {"queries_spared", stats.queries_spared}};
}

}  // namespace

std::optional<int> node_of_dpdk_port(const NodeConfig& config) {
  const dpdk::NicFacts facts = dpdk::read_nic_facts();
  return dpdk::node_of(choose_port(config, facts).device, facts);
}

OpenPort open_dpdk_port(const NodeConfig& config, const Endpoint& self) {
  const dpdk::NicFacts facts = dpdk::read_nic_facts();
  dpdk::PortChoice choice = choose_port(config, facts);
  const std::optional<int> node = dpdk::node_of(choice.device, facts);
  const NearMemory near(node);
  auto queues = DpdkTransport::open(
      {.eal = {.memory_mb = config.dpdk.memory_mb,
               .hugepages = config.dpdk.hugepages,
               .extra_arguments = config.dpdk.eal_arguments},
       .device = choice.device,
       .self = self,
       .group = group_endpoint(config),
       .route = route_of(config),
       .mac = {},
       .mtu = config.mtu,
       .vlan = config.vlan.value_or(dpdk::untagged),
       .pool_packets = pool_packets(config),
       .queues = config.io_threads,
       .receive_interrupts = config.idle == Idle::sleep && config.mode == Mode::run_inline,
       .udp_checksum = config.dpdk.udp_checksum ? UdpChecksum::always : UdpChecksum::where_needed,
       .node = node});
  OpenPort opened{.info = {.device = std::move(choice.device),
                           .way = std::string(word(choice.way)),
                           .why = std::move(choice.why),
                           .better = std::move(choice.better),
                           .lowered = queues.front()->lowered(),
                           .queues = queues.size(),
                           .node = node},
                  .enter_thread = [] { dpdk::register_thread(); }};
  for (auto& queue : queues) {
    // What is in use is so for the whole port.
    const bool first = opened.queues.empty();
    auto counters = [&counted = *queue, first] {
      std::vector<NamedCount> counts = counts_of(counted);
      if (first) counts.push_back({"in_use", counted.packets_in_use()});
      return counts;
    };
    opened.queues.push_back({.transport = std::move(queue), .counters = std::move(counters)});
  }
  return opened;
}

}  // namespace muster
