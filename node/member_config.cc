#include "node/member_config.h"

#include "node/address.h"
#include "node/clock.h"

namespace muster {
namespace {

// Of the pool, in percent. With what is on its way to the application and what it keeps that is
// less than all of it: the rest is there to receive with.
constexpr std::uint64_t send_percent = 40;  ///< queued, or not acknowledged
constexpr std::uint64_t held_percent = 12;  ///< waits for packets before it, or for room

std::uint32_t share(std::uint32_t packets, std::uint64_t percent) {
  return static_cast<std::uint32_t>(packets * percent / 100);
}

}  // namespace

std::uint32_t pool_packets(const NodeConfig& config) {
  return config.limits.pool_packets + config.messaging.retained_packets;
}

Endpoint group_endpoint(const NodeConfig& config) {
  return {.address = parse_address(config.group).value(), .port = config.port};
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
  messaging.send_packets = share(config.limits.pool_packets, send_percent);
  messaging.held_packets = share(config.limits.pool_packets, held_percent);
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
