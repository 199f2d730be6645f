#include "node/open_port.h"

#include "interfaces/topology.h"
#include "node/address.h"
#include "node/core_choice.h"
#include "node/member_config.h"
#include "node/thread.h"
#include "socket_transport/socket_transport.h"

namespace muster {
namespace {

OpenPort open_socket(const NodeConfig& config, const Endpoint& self) {
  auto transport = std::make_unique<SocketTransport>(
      SocketTransportConfig{.self = self,
                            .group = group_endpoint(config),
                            .mtu = config.mtu,
                            .multicast = config.multicast,
                            .pool_packets = pool_packets(config),
                            .interface = parse_network(config.address).value().interface,
                            .busy_poll_us = {}});
  const SocketTransport& port = *transport;
  auto counters = [&port] {
    const SocketTransportStats stats = port.stats();
    return std::vector<NamedCount>{
        {"received", stats.received},         {"sent", stats.sent},
        {"truncated", stats.truncated},       {"own", stats.own},
        {"oversize", stats.oversize},         {"send_full", stats.send_full},
        {"send_spared", stats.send_spared},   {"send_errors", stats.send_errors},
        {"receive_full", stats.receive_full}, {"exhausted", stats.exhausted}};
  };
  OpenPort opened{
      .info = {.device = to_string(self), .way = "socket", .why = "that was asked for"}};
  opened.queues.push_back({.transport = std::move(transport), .counters = std::move(counters)});
  return opened;
}

void place_threads(const NodeConfig& config, OpenPort& port) {
  if (config.mode != Mode::pipelined) return;
  const Topology topology = read_topology(FileTree());
  const PortPlace place{.name = config.device, .node = port.info.node};
  port.info.io_cores =
      choose_io_cores(config.cores, port.queues.size(), place, topology, other_cores());
  port.info.cautions = cautions_of(port.info.io_cores, config.cores.engine, place, topology);
}

}  // namespace

OpenPort open_port(const NodeConfig& config) {
  const Endpoint self{.address = parse_network(config.address).value().address,
                      .port = config.port};
  OpenPort port = config.transport == TransportKind::socket ? open_socket(config, self)
                                                            : open_dpdk_port(config, self);
  place_threads(config, port);
  return port;
}

}  // namespace muster
