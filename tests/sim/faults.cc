// What befalls the servers of a world.
#include <algorithm>

#include "tests/sim/garbage.h"
#include "tests/sim/world.h"

namespace muster::sim {
namespace {

/// Incarnations of one start and the next lie so far apart.
constexpr Incarnation incarnation_stride = 1'000'000'000;

/// Event::what of a mend: a cut from one to another, or one of these.
constexpr std::uint64_t mend_partition = 1 << 16;
constexpr std::uint64_t mend_pool = 1 << 17;

}  // namespace

void World::fault() {
  if (phase_ != Phase::faults) return;
  const auto kind = FaultKind{static_cast<std::uint8_t>(dice_.weighted(scenario_.fault_weights))};
  const std::size_t number = dice_.below(scenario_.servers);
  if (may_befall(kind, number)) befall(kind, number);
  events_.at(now() + dice_.below(2 * scenario_.fault_interval_ns), EventKind::fault, 0);
}

void World::befall(FaultKind kind, std::size_t number) {
  Server& server = servers_[number];
  const DurationNs outage_ns = how_long(scenario_.outage_max_ns);
  if (kind > FaultKind::pause) outage_until_ = std::max(outage_until_, now() + outage_ns);
  const bool running = server.state == State::running;
  switch (kind) {
    case FaultKind::crash:
      if (running || server.state == State::paused) crash(number);
      return;
    case FaultKind::restart:
      if (server.state == State::down) start(number);
      return;
    case FaultKind::leave:
      if (running) leave(number);
      return;
    case FaultKind::garbage:
      return throw_garbage(number);
    case FaultKind::pause:
      if (running) pause(number, how_long(scenario_.pause_max_ns));
      return;
    case FaultKind::burst:
      trace_.say(now(), number, "--- hears nothing ---");
      return network_.burst(number, now() + outage_ns);
    case FaultKind::cut:
      return cut(number, outage_ns);
    case FaultKind::partition:
      trace_.say(now(), 0, "--- partition ---");
      partition(dice_.next());
      return events_.at(now() + outage_ns, EventKind::mend, 0, mend_partition);
    case FaultKind::exhaust:
      if (!running) return;
      trace_.say(now(), number, "--- its pool is exhausted ---");
      server.process->port().set_exhausted(true);
      if (scenario_.weather == Weather::harsh)
        server.exhausted_until = std::max(server.exhausted_until, now() + outage_ns / 4);
      return events_.at(now() + outage_ns / 4, EventKind::mend, number, mend_pool);
    case FaultKind::slow:
      if (!running) return;
      trace_.say(now(), number, "--- receives slowly for {} us ---", outage_ns / us);
      server.slow_until = now() + outage_ns;
      return;
  }
}

/// As long as there may be, often: at the edge of a promise it breaks.
DurationNs World::how_long(DurationNs max_ns) {
  return max_ns == 0 || dice_.chance(300'000) ? max_ns : dice_.below(max_ns) + 1;
}

/// In rough weather the timers stand each pause and each outage, and not their sum: the next comes
/// when all have been heard again.
bool World::may_befall(FaultKind kind, std::size_t number) const {
  if (scenario_.weather != Weather::rough) return true;
  if (kind == FaultKind::crash || kind == FaultKind::leave) return now() >= vouched_until_;
  if (kind < FaultKind::pause) return true;
  const auto over = [&](TimeNs end) { return end == 0 || now() > end + scenario_.recovery_ns(); };
  const auto awake = [&](const Server& server) {
    return server.state != State::paused && over(server.paused_until);
  };
  if (!over(outage_until_)) return false;
  return kind == FaultKind::pause && scenario_.pauses_overlap
             ? awake(servers_[number])
             : std::ranges::all_of(servers_, awake);
}

/// Bit by bit a server's side; 0: nobody is apart.
void World::partition(std::uint64_t sides) {
  static_assert(servers_max <= 64);
  for (std::size_t number = 0; number < scenario_.servers; ++number)
    network_.set_side(number, sides >> number & 1);
}

void World::cut(std::size_t number, DurationNs outage_ns) {
  const std::size_t deaf = dice_.below(scenario_.servers);
  if (deaf == number) return;
  if (is_vouched_for(number, deaf)) {
    outage_ns = how_long(scenario_.vouched_cut_max_ns);
    outage_until_ = now() + outage_ns;
    vouched_until_ = outage_until_ + scenario_.recovery_ns();
  }
  trace_.say(now(), number, "--- is not heard by m{} for {} us ---", deaf, outage_ns / us);
  network_.cut(number, deaf);
  events_.at(now() + outage_ns, EventKind::mend, number, deaf);
}

/// Whoever else the deaf one may ask to help is there, and awake (docs/protocol.md §5.4).
bool World::is_vouched_for(std::size_t mute, std::size_t deaf) const {
  if (scenario_.vouched_cut_max_ns == 0 || servers_[deaf].state != State::running) return false;
  const auto is_there = [&](const auto& entry) {
    const Server& server = servers_[*roster_.find(entry.first)];
    return server.state == State::running && server.incarnation == entry.second.key.incarnation &&
           !entry.second.suspected;
  };
  const auto& peers = servers_[deaf].process->member().membership().peers();
  return peers.size() > 1 && peers.contains(roster_.id(mute)) &&
         std::ranges::all_of(peers, is_there);
}

void World::mend(std::size_t number, std::uint64_t what) {
  if (what == mend_partition) return partition(0);
  if (what != mend_pool) return network_.mend(number, what);
  if (servers_[number].process != nullptr) servers_[number].process->port().set_exhausted(false);
}

/// Every start has a higher incarnation than the last, unless somebody has set the clock back.
Incarnation World::next_incarnation(std::size_t number) {
  ++starts_;
  const Incarnation highest = ledger_.highest(number);
  if (scenario_.clocks_set_back && highest > incarnation_stride && dice_.chance(500'000))
    return highest - incarnation_stride / 2 + starts_;
  return std::max(highest, starts_ * incarnation_stride) + incarnation_stride;
}

void World::start(std::size_t number) {
  Server& server = servers_[number];
  if (server.state != State::down || phase_ > Phase::settling) return;
  server.state = State::running;
  server.incarnation = next_incarnation(number);
  server.wake_at = never_ns;
  server.cycle_due = false;
  server.paused_until = server.slow_until = server.exhausted_until = 0;
  server.beat_at = 0;
  ++server.life;
  trace_.say(now(), number, "--- starts as {} ---", server.incarnation);
  ledger_.begin(number, server.incarnation);
  census_[number] = server.incarnation;
  invariants_.begin(number);
  packet_rules_.begin(number);
  server.process =
      std::make_unique<Process>(Process::Surroundings{shared_, ledger_, census_, *this, mutation_},
                                number, server.incarnation, dice_.next());
  if (phase_ != Phase::faults) server.process->application().calm_down();
  server.process->member().start(local(server));
  after_step(number);
  events_.at(now() + workload_.pause(), EventKind::work, number, server.life);
}

void World::end(std::size_t number) {
  Server& server = servers_[number];
  for (const std::uint64_t flight : server.inbox) network_.landed(flight);
  server.inbox.clear();
  server.process.reset();
  server.state = State::down;
  census_[number] = 0;
}

void World::crash(std::size_t number) {
  trace_.say(now(), number, "--- crashes ---");
  expect_notice(number);
  if (dice_.chance(300'000))
    events_.at(now() + dice_.below(scenario_.detection_ns()), EventKind::start, number);
  end(number);
}

void World::leave(std::size_t number) {
  trace_.say(now(), number, "--- leaves ---");
  Server& server = servers_[number];
  census_[number] = 0;
  server.state = State::leaving;
  server.process->member().leave(local(server));
  after_step(number);
  conversations_.ended_all({number, server.incarnation});
  expect_notice(number);
  events_.at(now() + dice_.below(2 * scenario_.heartbeat_ns()), EventKind::exit, number,
             server.life);
}

void World::pause(std::size_t number, DurationNs duration) {
  trace_.say(now(), number, "--- is paused for {} us ---", duration / us);
  Server& server = servers_[number];
  server.state = State::paused;
  server.paused_since = now();
  server.paused_until = now() + duration;
  events_.at(now() + duration, EventKind::resume, number, server.life);
}

void World::resume(std::size_t number) {
  Server& server = servers_[number];
  if (server.state != State::paused) return;
  trace_.say(now(), number, "--- resumes ---");
  server.state = State::running;
  server.paused_until = now();
  server.process->member().was_away(now() - server.paused_since);
  server.wake_at = never_ns;
  if (scenario_.deadlines_first) meet_deadlines(number);
  empty_inbox(number);
  meet_deadlines(number);
  schedule_cycle(number, 0);
}

void World::empty_inbox(std::size_t number) {
  std::deque<std::uint64_t>& inbox = servers_[number].inbox;
  for (; !inbox.empty(); inbox.pop_front()) {
    give(number, inbox.front());
    network_.landed(inbox.front());
  }
}

void World::throw_garbage(std::size_t number) {
  const auto bytes = garbage(dice_, last_packet_, payload_bytes_of(scenario_.mtu));
  const bool from_a_member = dice_.chance(500'000);
  network_.inject(now(), number, bytes,
                  from_a_member ? roster_.endpoint(dice_.below(scenario_.servers))
                                : Endpoint{static_cast<std::uint32_t>(dice_.next()), 9});
}

void World::expect_notice(std::size_t gone) {
  const Incarnation incarnation = servers_[gone].incarnation;
  events_.at(now() + scenario_.detection_ns(), EventKind::notice, gone, incarnation);
  events_.at(now() + scenario_.detection_unhealthy_ns(), EventKind::late_notice, gone, incarnation);
}

/// Nobody still holds who has gone `bound_ns` ago. A survivor that was itself paused or slow
/// meanwhile may need longer, and until the `last` bound so may one that did not trust itself.
void World::check_noticed(std::size_t gone, Incarnation incarnation, DurationNs bound_ns,
                          bool last) {
  if (scenario_.weather == Weather::harsh) return;
  for (std::size_t number = 0; number < scenario_.servers; ++number) {
    const Server& server = servers_[number];
    if (server.state != State::running || number == gone) continue;
    if (std::max(server.paused_until, server.slow_until) + bound_ns > now()) continue;
    if (!last && server.unhealthy_until + bound_ns > now()) continue;
    const Incarnation held = server.process->watcher().present(gone);
    const Directory& directory = server.process->member().directory();
    if (directory.still_leaving(roster_.id(gone))) continue;  // it knows, and tells in steps
    if (held != 0 && held <= incarnation)
      verdict_.fail("I9", "m{} still holds m{} ({}), which has gone {} us ago", number, gone, held,
                    bound_ns / us);
  }
}

}  // namespace muster::sim
