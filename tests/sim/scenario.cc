#include "tests/sim/scenario.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "cluster/membership/guarantee.h"
#include "cluster/wire/path.h"
#include "tests/sim/outgoing.h"
#include "tests/sim/path_rules.h"
#include "tests/sim/topics.h"

namespace muster::sim {
namespace {

/// docs/protocol.md §5.11, with as many contacts as servers and seeds.
constexpr std::uint64_t meeting_heartbeats_max = servers_max + 3 + 10;

MembershipConfig pick_timers(Dice& dice) {
  switch (dice.below(4)) {
    case 0:
      return lan_timers();
    case 1:
      return fast_timers();
    case 2:
      return wan_timers();
    default:
      break;
  }
  MembershipConfig timers;
  timers.heartbeat_interval_ns = dice.between(1 * ms, 50 * ms);
  timers.suspect_after_ns = timers.heartbeat_interval_ns * dice.between(30, 60) / 10;
  timers.dead_after_ns = timers.heartbeat_interval_ns * dice.between(15, 40) / 10;
  timers.join_listen_ns = timers.heartbeat_interval_ns * dice.between(20, 100) / 10;
  timers.helpers = static_cast<std::uint32_t>(dice.between(1, 4));
  return timers;
}

DirectoryConfig pick_directory(Dice& dice, DurationNs heartbeat_ns) {
  DirectoryConfig directory;
  directory.join_from = dice.chance(500'000) ? CatchUpFrom::owners : CatchUpFrom::one_member;
  directory.request_jitter_ns = dice.below(heartbeat_ns / 4) + 1;
  directory.request_timeout_ns = heartbeat_ns * dice.between(2, 10) / 10;
  if (dice.chance(500'000)) directory.tombstone_bytes_max = dice.between(0, 2000);
  if (dice.chance(300'000)) directory.change_log_bytes_max = dice.between(0, 4000);
  directory.answer_pages_max = std::uint32_t{1} << dice.below(6);
  directory.repair_threshold = static_cast<std::uint32_t>(dice.below(4));
  if (dice.chance(300'000))
    directory.answer_packets_per_ms = static_cast<std::uint32_t>(dice.between(1, 32));
  if (dice.chance(500'000))
    directory.bindings_per_step = static_cast<std::uint32_t>(dice.between(1, 20));
  if (dice.chance(200'000)) directory.tree_bytes_max = dice.between(500, 10'000);
  return directory;
}

MessagingConfig pick_messaging(Dice& dice) {
  MessagingConfig messaging;
  messaging.window_packets = std::uint32_t{1} << dice.below(11);
  messaging.calls_max = static_cast<std::uint32_t>(dice.between(1, 64));
  return messaging;
}

// What befalls a member in rough weather is what the timers promise to stand (docs/protocol.md
// §5.9), to the edge of it: P and L, less by what two packets' delays may differ.

DurationNs rough_delay_max(DurationNs heartbeat_ns) { return heartbeat_ns / 10; }

/// L.
std::uint32_t rough_heartbeats_lost_max(const MembershipConfig& timers) {
  const DurationNs silence_ns = timers.suspect_after_ns + timers.dead_after_ns -
                                2 * rough_delay_max(timers.heartbeat_interval_ns);
  const auto lost = static_cast<std::uint32_t>(silence_ns / timers.heartbeat_interval_ns) - 1;
  return std::min(guarantee_of(timers).heartbeats_lost, lost);
}

/// P. Promised is a pause, or loss: each heartbeat that is lost beside it costs it an interval. So
/// does another's pause, which that one does not notice if it is no longer.
DurationNs rough_pause_max(const Scenario& scenario) {
  const DurationNs heartbeat_ns = scenario.heartbeat_ns();
  const std::uint32_t beside =
      scenario.links.heartbeats_lost_max + (scenario.pauses_overlap ? 1 : 0);
  const DurationNs cost_ns = beside * heartbeat_ns + 2 * rough_delay_max(heartbeat_ns);
  const DurationNs pause_ns = guarantee_of(scenario.membership).pause_ns;
  return pause_ns > cost_ns ? pause_ns - cost_ns : 0;
}

/// So long that no more than L heartbeats in a row are lost, those before and after it included.
DurationNs rough_outage_max(const Scenario& scenario) {
  const std::uint32_t lost_max = rough_heartbeats_lost_max(scenario.membership);
  const std::uint32_t beside = 2 * scenario.links.heartbeats_lost_max;
  if (beside >= lost_max) return 0;
  return (lost_max - beside) * scenario.heartbeat_ns() - scenario.heartbeat_ns() / 2;
}

/// None, as many as are promised, or some.
std::uint32_t pick_heartbeats_lost(Dice& dice, std::uint32_t promised) {
  const std::uint32_t kinds[] = {1, 1, 2};
  const std::uint32_t lost[] = {0, promised, static_cast<std::uint32_t>(dice.between(0, promised))};
  return lost[dice.weighted(kinds)];
}

bool loses(const LinkWeather& links) { return links.loss + links.loss_at_sender > 0; }

LinkWeather pick_links(Dice& dice, Weather weather, const MembershipConfig& timers) {
  const DurationNs heartbeat_ns = timers.heartbeat_interval_ns;
  LinkWeather links;
  links.delay_min_ns = dice.between(500, heartbeat_ns / 200);
  links.loopback = dice.chance(300'000);  // docs/protocol.md §2.5
  const DurationNs worst = weather == Weather::harsh ? heartbeat_ns : rough_delay_max(heartbeat_ns);
  links.delay_max_ns = links.delay_min_ns + dice.below(worst >> dice.below(6));
  if (weather == Weather::calm) return links;
  const auto up_to = [&](Ppm max) {  // every second fault is absent
    return dice.chance(500'000) ? static_cast<Ppm>(dice.below(max)) : 0;
  };
  links.loss = up_to(weather == Weather::harsh ? 500'000 : 50'000);
  links.loss_at_sender = up_to(weather == Weather::harsh ? 200'000 : 20'000);
  links.duplicate = up_to(200'000);
  if (weather == Weather::rough) {
    links.heartbeats_lost_max =
        loses(links) ? pick_heartbeats_lost(dice, rough_heartbeats_lost_max(timers)) : 0;
    return links;
  }
  links.turns_bad = up_to(20'000);
  links.turns_good = static_cast<Ppm>(dice.between(20'000, 500'000));
  links.loss_while_bad = static_cast<Ppm>(dice.between(500'000, 1'000'000));
  links.late = up_to(50'000);
  links.late_max_ns = heartbeat_ns * dice.between(2, 30);
  return links;
}

/// Of some worlds each line is as long as the timers stand, whatever else it does to packets; with
/// dice of their own: the others are as they were.
void lengthen_lines(Dice dice, Scenario& scenario) {
  if (!dice.chance(150'000)) return;
  const DurationNs more_ns =
      dice.between(scenario.heartbeat_ns() / 50, scenario.heartbeat_ns() / 8);
  scenario.links.delay_min_ns += more_ns;
  scenario.links.delay_max_ns += more_ns;
}

/// How long pauses and outages last; 0: there are none.
void pick_troubles(Dice& dice, Scenario& scenario) {
  const MembershipConfig& timers = scenario.membership;
  const DurationNs silence_ns = timers.suspect_after_ns + timers.dead_after_ns;
  if (scenario.weather == Weather::rough) {
    scenario.pauses_overlap = dice.chance(500'000);
    scenario.pause_max_ns = rough_pause_max(scenario);
    scenario.outage_max_ns = rough_outage_max(scenario);
    // Through loss a helper vouches by chance only.
    if (!loses(scenario.links)) scenario.vouched_cut_max_ns = 4 * silence_ns;
  } else if (scenario.weather == Weather::harsh) {
    scenario.pause_max_ns = 4 * silence_ns;
    scenario.outage_max_ns = scenario.heartbeat_ns() * dice.between(2, 40);
  }
  scenario.slow_packet_ns = dice.below(scenario.heartbeat_ns() / 4) + 1;
  scenario.ring_packets = dice.between(1, 64);
}

void pick_faults(Dice& dice, Scenario& scenario) {
  const DurationNs heartbeat_ns = scenario.heartbeat_ns();
  const auto weigh = [&](FaultKind kind) {
    const bool absent = dice.chance(350'000);
    scenario.fault_weights[static_cast<std::size_t>(kind)] =
        absent ? 0 : static_cast<std::uint32_t>(dice.between(1, 8));
  };
  pick_troubles(dice, scenario);
  scenario.fault_weights[static_cast<std::size_t>(FaultKind::restart)] = 3;
  for (const FaultKind kind : {FaultKind::crash, FaultKind::leave, FaultKind::garbage}) weigh(kind);
  if (scenario.pause_max_ns > 0) weigh(FaultKind::pause);
  if (scenario.outage_max_ns > 0)
    for (const FaultKind kind : {FaultKind::burst, FaultKind::cut, FaultKind::partition,
                                 FaultKind::exhaust, FaultKind::slow})
      weigh(kind);
  if (scenario.weather == Weather::harsh) scenario.clocks_set_back = dice.chance(200'000);
  scenario.fault_interval_ns = heartbeat_ns * dice.between(5, 100) / 10;
  scenario.faults_last_ns = heartbeat_ns * dice.between(40, 200);
  scenario.drift_ppm_max = static_cast<std::int64_t>(dice.below(500));
  scenario.cycle_ns = dice.chance(300'000) ? 0 : dice.below(heartbeat_ns / 50) + 1;
  scenario.deadlines_first = dice.chance(500'000);
}

/// Whom multicast reaches: all, nobody, or some; and where the others begin to look.
void pick_network(Dice& dice, Scenario& scenario) {
  const std::uint64_t all = (std::uint64_t{1} << scenario.servers) - 1;
  const std::uint32_t kinds[] = {4, 3, 3};
  const std::uint64_t deaf[] = {0, all, dice.next() & all};
  scenario.deaf = deaf[dice.weighted(kinds)];
  if (scenario.deaf == 0) return;
  for (std::uint64_t seeds = dice.between(1, 3); seeds > 0; --seeds)
    scenario.seeds.push_back(dice.below(scenario.servers));
}

/// What each channel, and all of them, may hold.
void pick_limits(Dice& dice, MessagingConfig& messaging) {
  if (dice.chance(300'000))
    messaging.window_packets = static_cast<std::uint32_t>(dice.between(1, 100));
  messaging.queue_packets = static_cast<std::uint32_t>(dice.chance(300'000) ? 256 : dice.below(20));
  if (dice.chance(300'000))
    messaging.send_packets = static_cast<std::uint32_t>(dice.between(16, 64));
  if (dice.chance(300'000)) messaging.congestion.kind = CongestionKind::fixed;
  messaging.congestion.window_packets_start = static_cast<std::uint32_t>(dice.between(1, 64));
  messaging.congestion.window_packets_max = std::uint32_t{1} << dice.below(11);
  if (dice.chance(400'000)) messaging.held_packets = static_cast<std::uint32_t>(dice.below(40));
}

/// With dice of their own: no world befalls another fault because more is picked here.
void pick_messages(Dice dice, Scenario& scenario) {
  pick_limits(dice, scenario.messaging);
  const std::uint32_t kinds[] = {3, 5, 2};
  const std::size_t most[] = {1, 4, wire::channels};
  scenario.channels = dice.between(1, most[dice.weighted(kinds)]);
  if (dice.chance(300'000)) {
    scenario.large = static_cast<Ppm>(dice.between(1'000, 100'000));
    scenario.large_bytes_max = dice.chance(300'000) ? 300'000 : dice.between(1'500, 20'000);
  }
  scenario.kept_packets_max = dice.below(8);
  scenario.assembly_bytes_max = dice.chance(500'000) ? SIZE_MAX / 2 : dice.below(400'000);
  scenario.share_packets = dice.chance(300'000) ? dice.between(16, 60) : dice.between(100, 2'000);
  if (!dice.chance(300'000)) return;
  scenario.never_reading = dice.below(scenario.servers);
  scenario.never_read = static_cast<ChannelId>(dice.below(scenario.channels));
}

/// With dice of their own too.
void pick_topics(Dice dice, Scenario& scenario) {
  for (std::uint64_t left = dice.chance(400'000) ? 0 : dice.between(1, 3); left > 0; --left) {
    TopicConfig topic{.name = fmt::format("/t{}", left)};
    topic.kind = TopicKind{static_cast<std::uint8_t>(dice.below(3))};
    topic.slow = dice.chance(500'000) ? SlowSubscriber::slows : SlowSubscriber::dropped;
    topic.multicast = dice.chance(700'000);
    topic.history_packets = static_cast<std::uint32_t>(dice.chance(500'000) ? dice.below(50) : 0);
    topic.lag_packets = static_cast<std::uint32_t>(dice.between(1, dice.chance(500'000) ? 8 : 200));
    scenario.topics.push_back(topic);
  }
  scenario.topic_work = static_cast<Ppm>(dice.between(50'000, 1'000'000));
  if (dice.chance(300'000))
    scenario.messaging.streams_max = static_cast<std::uint32_t>(dice.between(1, 4));
}

/// With dice of their own too. Messages then fill a packet where they filled one before.
void pick_mtu(Dice dice, Scenario& scenario) {
  if (!dice.chance(125'000)) return;
  scenario.mtu =
      static_cast<std::uint32_t>(dice.chance(500'000) ? mtu_max : dice.between(mtu_min, mtu_max));
  if (scenario.payload_bytes_max == mtu_default) scenario.payload_bytes_max = scenario.mtu;
}

void pick_work(Dice& dice, Scenario& scenario) {
  for (std::uint32_t& weight : scenario.work_weights)
    weight = static_cast<std::uint32_t>(dice.below(5));
  scenario.work_weights[static_cast<std::size_t>(WorkKind::bind)] += 1;
  if (!dice.chance(300'000))
    scenario.work_weights[static_cast<std::size_t>(WorkKind::withdraw_all)] = 0;
  scenario.work_interval_ns = scenario.heartbeat_ns() * dice.between(1, 30) / 10;
  scenario.names = dice.between(1, 60);
  scenario.value_bytes_max = dice.chance(300'000) ? dice.between(65, 5000) : dice.between(0, 64);
  if (dice.chance(50'000)) {
    scenario.value_bytes_max = wire::value_bytes_max;
    scenario.names = dice.between(1, 8);
  }
  scenario.payload_bytes_max = dice.chance(300'000) ? mtu_default : dice.between(0, 64);
  scenario.refuse = dice.chance(500'000) ? static_cast<Ppm>(dice.below(100'000)) : 0;
  scenario.keep = dice.chance(500'000) ? static_cast<Ppm>(dice.below(300'000)) : 0;
  scenario.call_deadline_max_ns = scenario.heartbeat_ns() * dice.between(1, 20);
}

}  // namespace

/// What a suspect answered before it died, a helper that paused or was slow may pass on until the
/// suspicion ends.
DurationNs Scenario::late_answers_ns() const {
  return weather == Weather::calm ? 0 : membership.dead_after_ns;
}

DurationNs Scenario::detection_ns() const {
  return guarantee_of(membership).detection_ns + late_answers_ns();
}

DurationNs Scenario::detection_unhealthy_ns() const {
  return guarantee_of(membership).detection_unhealthy_ns + late_answers_ns();
}

DurationNs Scenario::fair_delay_max_ns() const {
  return std::min(links.delay_max_ns, links.delay_min_ns + heartbeat_ns() / 20);
}

/// What exceeds an owner's budget is asked for again after its timeout: with little of it that may
/// be each page.
DurationNs Scenario::over_budget_ns() const {
  const bool scarce = directory.answer_packets_per_ms < servers * directory.answer_pages_max;
  return scarce ? directory.request_timeout_ns * 5 / 4 : 0;
}

std::size_t Scenario::spare_packets() const {
  constexpr std::size_t on_their_way = 64;  // received, or being written
  // On each channel the next one received, and the next piece of one to send; messages in pieces.
  constexpr std::size_t of_each_stream = 2;
  return messaging.held_packets + (streams() + topic_streams()) * of_each_stream +
         2 * all_kept_packets_max() + topic_packets() + on_their_way;
}

std::size_t Scenario::topic_packets() const {
  std::size_t packets = 0;
  for (const TopicConfig& topic : topics) packets += topic.history_packets + topic.lag_packets;
  return packets;
}

std::size_t Scenario::history_packets() const {
  std::size_t packets = 0;
  for (const TopicConfig& topic : topics) packets += topic.history_packets;
  return packets;
}

/// What waits for a topic, one packet at a time; and whoever is behind is told so before. Whoever
/// had no room is asked again.
DurationNs Scenario::topics_backlog_ns() const {
  constexpr std::size_t message_packets = Topics::message_bytes_max / 1'300 + 1;
  const std::size_t packets =
      topic_packets() + topics.size() * Topics::waiting_messages_max * message_packets;
  return topics.empty() ? 0
                        : packets * servers * 2 * (fair_delay_max_ns() + cycle_ns) +
                              32 * messaging.retransmit_max_ns;
}

/// What waits on a channel goes one packet at a time at worst: the receiver may hold no more.
DurationNs Scenario::backlog_ns() const {
  constexpr std::size_t packet_bytes = 1'300;
  const std::size_t letters =
      Outgoing::waiting_letters_max + 2 * Outgoing::waiting_bytes_max / packet_bytes;
  const std::size_t packets = 2 * std::size_t{messaging.window_packets + messaging.queue_packets} +
                              (large > 0 ? letters : 2 * Outgoing::waiting_letters_max);
  const std::size_t at_once =
      std::min<std::size_t>({streams(), share_packets, messaging.send_packets,
                             (servers - 1) * messaging.congestion.window_packets_max});
  return packets * streams() / at_once * 2 * (fair_delay_max_ns() + cycle_ns) +
         8 * messaging.retransmit_max_ns;
}

DurationNs Scenario::convergence_ns() const {
  // All trees from one source, a page at a time: delays that differ make holes of any window.
  constexpr std::size_t page_bytes = 1300;
  const std::size_t pages = servers * names * (1 + value_bytes_max / page_bytes);
  const DurationNs transfer_ns = pages * 2 * (fair_delay_max_ns() + cycle_ns) +
                                 servers * pages * ms / directory.answer_packets_per_ms +
                                 pages * over_budget_ns();
  const DurationNs meeting = deaf == 0 ? 0 : meeting_heartbeats_max * heartbeat_ns();
  return meeting + transfer_ns + links.late_max_ns + membership.join_listen_ns +
         10 * heartbeat_ns() + 3 * (membership.suspect_after_ns + membership.dead_after_ns) +
         32 * directory.request_timeout_ns + backlog_ns() + topics_backlog_ns() +
         call_deadline_max_ns;
}

Scenario scenario_of(std::uint64_t seed) {
  Dice dice(seed ^ 0x6d75737465720000);
  Scenario scenario;
  scenario.seed = seed;
  const std::uint32_t weathers[] = {1, 1, 2};
  scenario.weather = Weather{static_cast<std::uint8_t>(dice.weighted(weathers))};
  scenario.servers = dice.between(2, servers_max);
  pick_network(dice, scenario);
  scenario.membership = pick_timers(dice);
  scenario.directory = pick_directory(dice, scenario.heartbeat_ns());
  scenario.messaging = pick_messaging(dice);
  scenario.links = pick_links(dice, scenario.weather, scenario.membership);
  pick_faults(dice, scenario);
  pick_work(dice, scenario);
  lengthen_lines(Dice(seed ^ 0x6c6f6e67206c696e), scenario);
  pick_messages(Dice(seed ^ 0x6d65737361676573), scenario);
  pick_topics(Dice(seed ^ 0x746f706963730000), scenario);
  pick_mtu(Dice(seed ^ 0x6d74750000000000), scenario);
  pick_narrow_path(Dice(seed ^ 0x6e6172726f770000), scenario);
  scenario.ipv6 = Dice(seed ^ 0x6970763600000000).chance(250'000);
  return scenario;
}

std::string describe(const Scenario& scenario) {
  constexpr const char* weathers[] = {"calm", "rough", "harsh"};
  const auto in_ms = [](DurationNs duration) { return static_cast<double>(duration) / 1e6; };
  return fmt::format(
      "{} servers at addresses of {}, {} of them deaf to multicast, {} weather, packets of {} "
      "bytes, heartbeat {:.3f} ms, suspect after {:.3f} ms, dead after {:.3f} ms, delay {:.3f} to "
      "{:.3f} ms, loss {:.1f} %, at the sender {:.1f} %, in bursts {}, duplicates {:.1f} %, late "
      "{:.1f} %, pauses up to {:.3f} ms, outages up to {:.3f} ms, faults for {:.0f} ms, one each "
      "{:.0f} ms, window {} packets, queue {}, held {}, {} channels, {:.1f} % of the messages "
      "up to {} bytes, {} topics",
      scenario.servers, scenario.ipv6 ? "IPv6" : "IPv4", std::popcount(scenario.deaf),
      weathers[static_cast<std::size_t>(scenario.weather)], scenario.mtu,
      in_ms(scenario.heartbeat_ns()), in_ms(scenario.membership.suspect_after_ns),
      in_ms(scenario.membership.dead_after_ns), in_ms(scenario.links.delay_min_ns),
      in_ms(scenario.links.delay_max_ns), scenario.links.loss / 1e4,
      scenario.links.loss_at_sender / 1e4, scenario.links.turns_bad > 0 ? "too" : "none",
      scenario.links.duplicate / 1e4, scenario.links.late / 1e4, in_ms(scenario.pause_max_ns),
      in_ms(scenario.outage_max_ns), in_ms(scenario.faults_last_ns),
      in_ms(scenario.fault_interval_ns), scenario.messaging.window_packets,
      scenario.messaging.queue_packets, scenario.messaging.held_packets, scenario.channels,
      scenario.large / 1e4, scenario.large_bytes_max, scenario.topics.size());
}

}  // namespace muster::sim
