#include "node/member_config.h"

#include "node/address.h"
#include "node/clock.h"
#include "node/pool_shares.h"

namespace muster {

std::uint32_t pool_packets(const NodeConfig& config) {
  return config.limits.pool_packets + config.messaging.retained_packets;
}

Endpoint group_endpoint(const NodeConfig& config) {
  const IpAddress own = parse_network(config.address).value().address;
  return {
      .address = config.group.empty() ? default_group(own) : parse_address(config.group).value(),
      .port = config.port};
}

std::vector<Endpoint> seed_endpoints(const NodeConfig& config) {
  std::vector<Endpoint> seeds;
  seeds.reserve(config.seeds.size());
  for (const std::string& seed : config.seeds) seeds.push_back(parse_endpoint(seed).value());
  return seeds;
}

MemberConfig member_config(const NodeConfig& config, const Endpoint& self) {
  const Incarnation incarnation = wall_ns();
  MessagingConfig messaging = config.messaging;
  const std::size_t pool = config.limits.pool_packets;
  messaging.send_packets = static_cast<std::uint32_t>(pool_share::to_send(pool));
  messaging.held_packets = static_cast<std::uint32_t>(pool_share::held(pool));
  return {.name = config.name,
          .cluster = cluster_id(config.cluster),
          .incarnation = incarnation,
          .self = self,
          .group = group_endpoint(config),
          .multicast = config.multicast,
          .seeds = seed_endpoints(config),
          .seed = incarnation ^ static_cast<std::uint64_t>(member_id(config.name)),
          .membership = config.membership,
          .directory = config.directory,
          .messaging = messaging};
}

}  // namespace muster
