#include "tests/sim/process.h"

#include <xxhash.h>

namespace muster::sim {
namespace {

std::vector<Endpoint> seeds_of(const Application::Shared& shared) {
  std::vector<Endpoint> seeds;
  seeds.reserve(shared.scenario.seeds.size());
  for (const std::size_t seed : shared.scenario.seeds)
    seeds.push_back(shared.roster.endpoint(seed));
  return seeds;
}

MemberConfig config_of(const Application::Shared& shared, std::size_t server,
                       Incarnation incarnation, std::uint64_t seed) {
  return {.name = shared.roster.name(server),
          .cluster = shared.roster.cluster(),
          .incarnation = incarnation,
          .self = shared.roster.endpoint(server),
          .group = shared.roster.group(),
          .multicast = shared.scenario.hears_group(server),
          .seeds = seeds_of(shared),
          .seed = seed,
          .membership = shared.scenario.membership,
          .directory = shared.scenario.directory,
          .messaging = shared.scenario.messaging};
}

}  // namespace

std::uint64_t fingerprint(const Process& process) {
  const Member& member = process.member();
  std::uint64_t hash = 0;
  const auto mix = [&](auto... values) {
    const std::uint64_t all[] = {hash, static_cast<std::uint64_t>(values)...};
    hash = XXH3_64bits(all, sizeof all);
  };
  const MemberStats stats = member.stats();
  for (std::size_t type = 0; type < stats.sent.size(); ++type)
    if (wire::Type{static_cast<std::uint8_t>(type)} != wire::Type::unsupported_version)
      mix(stats.sent[type], stats.received[type]);
  const Tree& own = member.directory().own();
  mix(member.standing(), member.self().incarnation, member.next_deadline(), own.version());
  const MessagingStats& messaging = member.messaging().stats();
  mix(messaging.packets_delivered, messaging.packets_retransmitted, messaging.deliveries_refused,
      messaging.acknowledgements_sent, member.messaging().packets_held());
  const PublishingStats publishing = member.publishing().stats();
  mix(publishing.packets_published, publishing.packets_delivered, publishing.reports_sent,
      publishing.positions_sent, publishing.packets_repaired);
  for (const auto& [id, peer] : member.membership().peers()) {
    mix(id, peer.key.incarnation, peer.last_heard_ns, peer.packet_number, peer.suspected);
    const Tree& copy = member.directory().replica(id)->tree();
    mix(copy.version(), copy.digest());
  }
  return hash;
}

Process::Process(const Surroundings& surroundings, std::size_t server, Incarnation incarnation,
                 std::uint64_t seed)
    : server_(server),
      verdict_(surroundings.shared.verdict),
      port_(server, surroundings.shared.scenario.pool_packets(), surroundings.shared.scenario.mtu,
            surroundings.wire, verdict_),
      watcher_(server, incarnation, surroundings.shared.roster, surroundings.ledger,
               surroundings.census, surroundings.shared.scenario.weather != Weather::harsh,
               verdict_),
      application_(surroundings.shared, server, incarnation, watcher_, seed + 1) {
  PacketPort* port = &port_;
  Events* events = &application_;
  MemberConfig config = config_of(surroundings.shared, server, incarnation, seed);
  if (surroundings.mutation != nullptr) {
    surroundings.mutation->configure(config);
    mutated_port_ = surroundings.mutation->around(server, port_);
    mutated_events_ = surroundings.mutation->around(server, application_);
    if (mutated_port_ != nullptr) port = mutated_port_.get();
    if (mutated_events_ != nullptr) events = mutated_events_.get();
  }
  member_ = std::make_unique<Member>(config, *port, *events);
  application_.attach(*member_, port_);
}

Process::~Process() {
  application_.release_all();
  member_.reset();
  if (port_.live() != 0)
    verdict_.fail("I13", "m{} has ended and {} of its packets were never released", server_,
                  port_.live());
}

}  // namespace muster::sim
