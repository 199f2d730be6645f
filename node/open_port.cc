#include "node/open_port.h"

#include "node/address.h"
#include "node/member_config.h"
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
  OpenPort opened{.info = {.device = to_string(self), .way = "socket", .why = "that was asked for"},
                  .descriptors = port.descriptors()};
  opened.queues.push_back({.transport = std::move(transport), .counters = std::move(counters)});
  return opened;
}

}  // namespace

OpenPort open_port(const NodeConfig& config) {
  const Endpoint self{.address = parse_network(config.address).value().address,
                      .port = config.port};
  if (config.transport == TransportKind::socket) return open_socket(config, self);
  return open_dpdk_port(config, self);
}

}  // namespace muster
