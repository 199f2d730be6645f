#include "tests/sim/world.h"

#include <algorithm>

#include "cluster/wire/type_name.h"

namespace muster::sim {
namespace {

/// Packets that wait for a paused server; more are dropped, as by a socket's buffer.
constexpr std::size_t inbox_packets_max = 512;

}  // namespace

World::World(const Scenario& scenario, Trace& trace, Mutation* mutation)
    : scenario_(scenario),
      trace_(trace),
      mutation_(mutation),
      roster_(scenario.servers, scenario.ipv6),
      dice_(scenario.seed),
      network_(roster_, events_, scenario.seed + 1),
      ledger_(scenario.servers),
      census_(scenario.servers),
      conversations_(scenario.servers, verdict_),
      broadcasts_(verdict_),
      shared_{scenario_, roster_, conversations_, broadcasts_, trace_, verdict_},
      invariants_(scenario_, roster_, ledger_, conversations_, verdict_),
      packet_rules_(scenario_, roster_, verdict_),
      path_rules_(scenario_, roster_, verdict_),
      workload_(shared_, ledger_, scenario.seed + 2),
      servers_(scenario.servers) {
  network_.set_weather(scenario_.links);
  for (std::size_t number = 0; number < scenario_.servers; ++number)
    if (!scenario_.hears_group(number)) network_.set_deaf(number);
  if (scenario_.narrow_from != SIZE_MAX)
    network_.narrow(scenario_.narrow_from, scenario_.narrow_to, PathRules::short_bytes_max);
}

void World::run() {
  const auto drift = static_cast<std::uint64_t>(scenario_.drift_ppm_max);
  for (std::size_t number = 0; number < scenario_.servers; ++number) {
    servers_[number].clock = {
        dice_.below(3600 * second),
        static_cast<std::int64_t>(dice_.between(0, 2 * drift)) - scenario_.drift_ppm_max};
    events_.at(dice_.below(5 * scenario_.heartbeat_ns()), EventKind::start, number);
  }
  events_.at(dice_.below(2 * scenario_.fault_interval_ns), EventKind::fault, 0);
  events_.at(scenario_.faults_last_ns, EventKind::heal, 0);
  while (verdict_.holds() && phase_ != Phase::over) happen(events_.pop());
  for (std::size_t number = 0; number < scenario_.servers; ++number) end(number);
}

void World::happen(const Event& event) {
  verdict_.advance(event.at_ns);
  trace_.note(event.at_ns, static_cast<std::uint64_t>(event.kind), event.server);
  switch (event.kind) {
    case EventKind::arrival:
      return arrive(event.server, event.what);
    case EventKind::wake:
      return wake(event.server, event.at_ns);
    case EventKind::cycle:
      servers_[event.server].cycle_due = false;
      return cycle(event.server);
    case EventKind::serve:
      if (servers_[event.server].life == event.what) serve(event.server);
      return;
    case EventKind::work:
      if (servers_[event.server].life == event.what) work(event.server);
      return;
    case EventKind::fault:
      return fault();
    case EventKind::start:
      return start(event.server);
    case EventKind::exit:
      if (servers_[event.server].life == event.what) end(event.server);
      return;
    case EventKind::resume:
      if (servers_[event.server].life == event.what) resume(event.server);
      return;
    case EventKind::mend:
      return mend(event.server, event.what);
    case EventKind::heal:
      return heal();
    case EventKind::settle:
      return settle();
    case EventKind::notice:
      return check_noticed(event.server, event.what, scenario_.detection_ns(), false);
    case EventKind::late_notice:
      return check_noticed(event.server, event.what, scenario_.detection_unhealthy_ns(), true);
  }
}

void World::after_step(std::size_t number) {
  Server& server = servers_[number];
  Process& process = *server.process;
  const Incarnation incarnation = process.member().self().incarnation;
  if (incarnation != server.incarnation) {
    trace_.say(now(), number, "speaks as {} from now on", incarnation);
    conversations_.ended_all({number, server.incarnation});
    ledger_.reincarnate(number, incarnation);
    conversations_.started_anew({number, server.incarnation}, incarnation);
    process.application().reincarnated(incarnation);
    invariants_.started_anew(process);
    packet_rules_.started_anew(process);
    server.incarnation = incarnation;
    if (server.state != State::leaving) census_[number] = incarnation;
  }
  invariants_.after_step(process);
  check_heartbeat(number);
  if (process.member().membership().health().score() > 0) server.unhealthy_until = now();
  const TimeNs deadline =
      std::min(process.member().next_deadline(), process.application().next_deadline());
  if (deadline == never_ns) return;
  const TimeNs wake_at = std::max(server.clock.world(deadline), now());
  if (wake_at >= server.wake_at) return;
  server.wake_at = wake_at;
  events_.at(wake_at, EventKind::wake, number);
}

/// Whatever else befalls it and the others, a member that runs heartbeats in time (I12). An empty
/// pool may keep it from that in harsh weather: for as long as in rough, the reserve suffices.
void World::check_heartbeat(std::size_t number) {
  Server& server = servers_[number];
  const bool nobody_to_tell = server.state == State::running && !scenario_.hears_group(number) &&
                              server.process->member().membership().peers().empty();
  if (nobody_to_tell) server.beat_at = 0;
  if (server.beat_at == 0 || now() < server.exhausted_until || server.state != State::running ||
      server.process->member().standing() != Standing::member)
    return;
  const DurationNs since =
      now() - std::max({server.beat_at, server.paused_until, server.exhausted_until});
  const DurationNs interval = scenario_.heartbeat_ns();
  if (since > interval + interval / 100)
    verdict_.fail("I12", "m{} has not heartbeat for {} us, with {} packets left in its pool",
                  number, since / us, server.process->port().left());
}

// What a server does.

void World::arrive(std::size_t number, std::uint64_t flight) {
  Server& server = servers_[number];
  const bool slow =
      server.state == State::running && (now() < server.slow_until || !server.inbox.empty());
  if (slow || server.state == State::paused) {
    const std::size_t room = slow ? scenario_.ring_packets : inbox_packets_max;
    if (server.inbox.size() >= room) return network_.landed(flight);  // the ring is full
    server.inbox.push_back(flight);
    if (slow && server.inbox.size() == 1)
      events_.at(now() + scenario_.slow_packet_ns, EventKind::serve, number, server.life);
    return;
  }
  if (server.state == State::running || server.state == State::leaving) give(number, flight);
  network_.landed(flight);
}

/// A slow server takes one packet, and the next some time later; the rest once it is slow no more.
void World::serve(std::size_t number) {
  Server& server = servers_[number];
  if (server.state != State::running || server.inbox.empty()) return;
  const std::uint64_t flight = server.inbox.front();
  give(number, flight);
  network_.landed(flight);
  server.inbox.pop_front();
  if (now() >= server.slow_until) return empty_inbox(number);
  if (!server.inbox.empty())
    events_.at(now() + scenario_.slow_packet_ns, EventKind::serve, number, server.life);
}

void World::give(std::size_t number, std::uint64_t flight_number) {
  Server& server = servers_[number];
  Process& process = *server.process;
  const VirtualNetwork::Flight& flight = network_.flight(flight_number);
  trace_.note(now(), flight_number, number, flight.payload());
  Packet* packet = process.port().receive(flight.payload(), flight.from);
  if (packet == nullptr) return;
  if (!flight.foreign) last_packet_.assign(flight.payload().begin(), flight.payload().end());
  if (mutation_ != nullptr) mutation_->arriving(number, packet->payload());
  packet_rules_.arrives(process, *packet);
  const std::uint64_t before = flight.foreign ? fingerprint(process) : 0;
  process.member().on_packet(local(server), *packet);
  if (flight.foreign && fingerprint(process) != before)
    verdict_.fail("I14", "m{} has changed because of {} bytes that are no packet of its cluster",
                  number, flight.bytes.size());
  packet_rules_.handled();
  process.port().release(*packet);
  after_step(number);
  schedule_cycle(number, scenario_.cycle_ns);
}

void World::wake(std::size_t number, TimeNs at) {
  Server& server = servers_[number];
  if (server.wake_at != at) return;  // of an earlier life, or overtaken
  server.wake_at = never_ns;
  if (server.state != State::running && server.state != State::leaving) return;
  meet_deadlines(number);
  cycle(number);
}

void World::meet_deadlines(std::size_t number) {
  Server& server = servers_[number];
  server.process->member().on_deadline(local(server));
  server.process->application().meet_deadlines(local(server));
  after_step(number);
}

void World::schedule_cycle(std::size_t number, DurationNs after) {
  Server& server = servers_[number];
  if (server.cycle_due) return;
  if (after == 0) return cycle(number);
  server.cycle_due = true;
  events_.at(now() + after, EventKind::cycle, number);
}

void World::cycle(std::size_t number) {
  Server& server = servers_[number];
  if (server.state != State::running) return;
  Process& process = *server.process;
  process.application().work(now());
  process.member().transmit(local(server));
  after_step(number);
  if (process.application().eager()) schedule_cycle(number, scenario_.heartbeat_ns() / 8);
}

void World::work(std::size_t number) {
  Server& server = servers_[number];
  if (phase_ != Phase::faults) return;
  if (server.state == State::running) {
    workload_.act(*server.process, local(server));
    after_step(number);
    schedule_cycle(number, scenario_.cycle_ns);
  }
  events_.at(now() + workload_.pause(), EventKind::work, number, server.life);
}

void World::carry(std::size_t from, const Packet& packet) {
  trace_.note(now(), packet.peer.address.low, from, packet.payload());
  const auto type = wire::Type{reinterpret_cast<const wire::Header*>(packet.data)->type};
  trace_.say(now(), from, "sends a {} of {} bytes to {}",
             static_cast<std::uint8_t>(type) > wire::type_last ? "new type" : name_of(type),
             packet.size, to_string(packet.peer));
  if (type == wire::Type::heartbeat) servers_[from].beat_at = now();
  packet_rules_.transmitted(*servers_[from].process, packet);
  path_rules_.transmitted(*servers_[from].process, packet);
  network_.send(now(), from, packet);
}

// How it ends.

void World::check_narrow_path() {
  if (scenario_.narrow_from == SIZE_MAX) return;
  const Server& from = servers_[scenario_.narrow_from];
  const Server& to = servers_[scenario_.narrow_to];
  if (from.state == State::running && to.state == State::running)
    path_rules_.check_told(*from.process, *to.process);
}

void World::heal() {
  check_narrow_path();
  trace_.say(now(), 0, "--- all faults end ---");
  phase_ = Phase::settling;
  phase_ends_ns_ = now() + scenario_.convergence_ns();
  LinkWeather fair;
  fair.delay_min_ns = scenario_.links.delay_min_ns;
  fair.delay_max_ns = scenario_.fair_delay_max_ns();
  fair.loopback = scenario_.links.loopback;
  network_.set_weather(fair);
  network_.heal();
  const bool restart_all = dice_.chance(500'000);
  for (std::size_t number = 0; number < scenario_.servers; ++number) {
    Server& server = servers_[number];
    if (server.state == State::paused) resume(number);
    if (server.state == State::running) {
      server.slow_until = std::min(server.slow_until, now());
      empty_inbox(number);
      server.process->port().set_exhausted(false);
      server.process->application().calm_down();
    }
    if (server.state == State::down && restart_all)
      events_.at(now() + dice_.below(scenario_.heartbeat_ns()), EventKind::start, number);
  }
  // A joiner that nobody has met yet can meet nobody but a seed. Whoever is leaving has gone by
  // then.
  for (const std::size_t seed : scenario_.seeds)
    events_.at(now() + 2 * scenario_.heartbeat_ns(), EventKind::start, seed);
  events_.at(now() + scenario_.links.late_max_ns + 3 * scenario_.heartbeat_ns(), EventKind::settle,
             0);
}

std::vector<const Process*> World::members() const {
  std::vector<const Process*> members;
  for (const Server& server : servers_)
    if (server.state == State::running) members.push_back(server.process.get());
  return members;
}

/// Have they converged? If so nothing may happen for a while; if not they have some time left.
void World::settle() {
  const auto found = invariants_.disagreement(members());
  if (phase_ == Phase::quiet || (found && now() >= phase_ends_ns_)) {
    if (found)
      verdict_.fail(
          found->invariant, "{} {}", found->sentence,
          phase_ == Phase::quiet ? "though all had agreed" : "though all faults ended long ago");
    for (const Process* process : members()) packet_rules_.check_quiet(*process);
    phase_ = Phase::over;
    return;
  }
  if (!found) {
    phase_ = Phase::quiet;
    const TimeNs began = phase_ends_ns_ - scenario_.convergence_ns();
    convergence_share_ =
        static_cast<double>(now() - began) / static_cast<double>(scenario_.convergence_ns());
    // Who asked before that may be answered still.
    packet_rules_.expect_quiet(now() + 2 * scenario_.fair_delay_max_ns());
    events_.at(now() + 2 * scenario_.detection_ns(), EventKind::settle, 0);
  } else {
    events_.at(now() + scenario_.heartbeat_ns(), EventKind::settle, 0);
  }
}

}  // namespace muster::sim
