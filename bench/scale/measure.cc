#include "bench/scale/measure.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "bench/scale/cluster.h"
#include "bench/scale/lone_member.h"
#include "bench/scale/older_way.h"
#include "bench/scale/repair_tap.h"
#include "tools/measure/median.h"

namespace muster::bench {

using measure::median;

namespace {

/// Whose tree changes, and who crashes and comes back.
constexpr std::size_t owner = 0;
constexpr std::size_t victim = 1;
constexpr DurationNs patience_ns = 60 * second;

double in_ms(DurationNs duration) { return static_cast<double>(duration) / 1e6; }

class Measurement {
 public:
  Measurement(std::size_t members, const Effort& effort, const DirectoryConfig& directory)
      : members_(members), effort_(effort), cluster_(members, timers_, directory, members) {}

  double mass_join() {
    const TimeNs began = cluster_.now();
    for (std::size_t server = 0; server < members_; ++server) cluster_.start(server, beat());
    const Moments& moments = cluster_.moments();
    const std::size_t pairs = members_ * (members_ - 1);
    cluster_.run_while_not(
        [&] {
          return moments.joined.size() >= pairs && moments.bound.size() >= pairs + members_ &&
                 moments.synchronized.size() >= members_;
        },
        patience_ns, "a mass join");
    return done(began, "a mass join");
  }

  double over_budget() {
    std::uint64_t requests = 0;
    for (std::size_t server = 0; server < members_; ++server)
      requests += cluster_.member(server).directory().stats().over_budget;
    return static_cast<double>(requests);
  }

  RestFigures rest() {
    cluster_.run_until(cluster_.now() + 3 * beat());  // what the last measure began has ended
    constexpr std::uint64_t seconds = 1;
    const Traffic before = cluster_.traffic();
    cluster_.run_until(cluster_.now() + seconds * second);
    const Traffic& after = cluster_.traffic();
    const auto each = [&](std::uint64_t Traffic::* count) {
      return static_cast<double>(after.*count - before.*count) /
             static_cast<double>(members_ * seconds);
    };
    return {each(&Traffic::packets_sent), each(&Traffic::bytes_sent),
            each(&Traffic::packets_received), each(&Traffic::bytes_received),
            member_cpu_us_per_second(members_, timers_)};
  }

  /// One binding at a time, nothing else changing: when does each member hold it?
  Delay change(sim::Ppm loss) {
    std::vector<double> delays_ms;
    cluster_.set_loss(loss, 0);
    const std::size_t rounds = rounds_for(effort_.hearers_of_changes);
    for (std::size_t round = 0; round < rounds; ++round) {
      let_some_time_pass(round, rounds);
      const TimeNs began = cluster_.now();
      cluster_.moments().clear();
      cluster_.bind(owner, "/scale/single", ++value_);
      const Moments& moments = cluster_.moments();
      cluster_.run_while_not([&] { return moments.bound.size() >= members_; }, patience_ns,
                             "a single change");
      for (const TimeNs at : moments.bound)
        if (at != began) delays_ms.push_back(in_ms(at - began));  // the owner knows at once
    }
    cluster_.set_loss(0, 0);
    return delay_of(std::move(delays_ms));
  }

  /// One member crashes, is found dead by all others, and comes back.
  void crash_and_join(Figures& figures) {
    std::vector<double> delays_ms;
    std::vector<double> joins_ms;
    const std::size_t rounds = rounds_for(effort_.hearers_of_crashes);
    for (std::size_t round = 0; round < rounds; ++round) {
      let_some_time_pass(round, rounds);
      const TimeNs crashed = cluster_.now();
      const Moments& moments = cluster_.moments();
      cluster_.moments().clear();
      cluster_.crash(victim);
      cluster_.run_while_not([&] { return moments.died.size() >= members_ - 1; }, patience_ns,
                             "the detection of a crash");
      for (const TimeNs at : moments.died) delays_ms.push_back(in_ms(at - crashed));

      let_some_time_pass();
      const TimeNs began = cluster_.now();
      cluster_.moments().clear();
      cluster_.start(victim, 0);
      cluster_.run_while_not(
          [&] {
            return moments.joined.size() >= 2 * (members_ - 1) && !moments.synchronized.empty() &&
                   moments.bound.size() >= members_;
          },
          patience_ns, "a single join");
      joins_ms.push_back(in_ms(cluster_.now() - began));
    }
    figures.detection = delay_of(std::move(delays_ms));
    figures.join_one_ms = median(std::move(joins_ms));
  }

  RepairCost catch_up(const Loss& loss, std::uint64_t changes) {
    let_some_time_pass();
    RepairTap tap(cluster_, owner);
    tap.cost().changes = changes;
    tap.cost().receivers = members_ - 1;
    for (std::uint64_t i = 0; i < changes; ++i) {
      constexpr std::uint64_t names = 16;
      cluster_.set_loss(loss.at_receiver, loses_first(loss, i) ? certain : 0);
      cluster_.bind(owner, "/scale/" + std::to_string(i % names), ++value_);
      cluster_.set_loss(loss.at_receiver, loss.at_sender);
      cluster_.run_until(cluster_.now() + change_interval_ns);
    }
    const TimeNs limit = cluster_.now() + patience_ns;
    while (!cluster_.agree_on(owner)) {
      if (cluster_.now() > limit) throw std::runtime_error("not in time: catching up");
      cluster_.run_until(cluster_.now() + beat() / 10);
    }
    cluster_.set_loss(0, 0);
    forget();
    return tap.cost();
  }

  /// One member hears nobody for long enough to have lost all others, and then hears them again.
  void cut_off(Figures& figures) {
    let_some_time_pass();
    cluster_.deafen(victim, cluster_.now() + second);
    cluster_.run_until(cluster_.now() + second);
    if (!cluster_.member(victim).membership().peers().empty())
      throw std::runtime_error("who heard nobody for a second has not lost all others");
    const TimeNs began = cluster_.now();
    while (!cluster_.agree()) {
      if (cluster_.now() > began + patience_ns)
        throw std::runtime_error("not in time: the return of one that was cut off");
      cluster_.run_until(cluster_.now() + beat() / 10);
    }
    figures.cut_off_ms = in_ms(cluster_.now() - began);
    for (std::size_t server = 0; server < members_; ++server)
      figures.cut_off_begun_anew +=
          static_cast<double>(cluster_.member(server).membership().stats().reincarnations);
    cluster_.moments().clear();  // it was wrong of those who live, and has to be
  }

  /// A third crashes at one moment.
  double mass_crash() {
    let_some_time_pass();
    const TimeNs began = cluster_.now();
    cluster_.moments().clear();
    const std::size_t survivors = members_ - members_ / 3;
    for (std::size_t server = survivors; server < members_; ++server) cluster_.crash(server);
    const Moments& moments = cluster_.moments();
    cluster_.run_while_not([&] { return moments.died.size() >= survivors * (members_ / 3); },
                           patience_ns, "a mass crash");
    return done(began, "a mass crash");
  }

  double deaths_of_the_living() const { return static_cast<double>(deaths_of_the_living_); }

 private:
  DurationNs beat() const { return timers_.heartbeat_interval_ns; }
  std::size_t rounds_for(std::size_t hearers) const {
    return std::clamp<std::size_t>(hearers / members_, 2, 60);
  }

  /// So that each measure meets a quiet cluster, and each of its rounds the heartbeats in another
  /// part of their interval.
  void let_some_time_pass(std::size_t round = 0, std::size_t rounds = 1) {
    const DurationNs part = beat() / rounds;
    cluster_.run_until(cluster_.now() + beat() + round * part + dice_.below(part));
    forget();
  }
  void forget() {
    deaths_of_the_living_ += cluster_.moments().died_alive;
    cluster_.moments().clear();
  }
  double done(TimeNs began, const char* what) {
    if (!cluster_.agree())
      throw std::runtime_error(fmt::format("the members do not agree after {}", what));
    const double spent_ms = in_ms(cluster_.now() - began);
    forget();
    return spent_ms;
  }
  static Delay delay_of(std::vector<double> delays_ms) {
    const double worst = *std::ranges::max_element(delays_ms);
    return {median(std::move(delays_ms)), worst};
  }

  const MembershipConfig timers_ = lan_timers();
  std::size_t members_;
  Effort effort_;
  Cluster cluster_;
  sim::Dice dice_{members_};
  std::uint64_t value_ = 0;
  std::uint64_t deaths_of_the_living_ = 0;
};

}  // namespace

Figures measure(std::size_t members, const Effort& effort,
                const std::function<void(const std::string&)>& progress) {
  Figures figures;
  figures.members = members;
  const std::uint64_t changes =
      std::clamp(effort.change_deliveries / members, effort.changes_min, effort.changes_max);
  {
    Measurement measurement(members, effort, {});
    figures.mass_join_ms = measurement.mass_join();
    figures.mass_join_over_budget = measurement.over_budget();
    progress(fmt::format("all have joined, {:.0f} ms", figures.mass_join_ms));
    figures.rest = measurement.rest();
    progress(fmt::format("at rest, {:.0f} packets/s each", figures.rest.packets_received));
    figures.change = measurement.change(0);
    figures.change_at_loss = measurement.change(10'000);
    measurement.crash_and_join(figures);
    progress(fmt::format("a crash, {:.0f} ms; a join, {:.0f} ms", figures.detection.worst_ms,
                         figures.join_one_ms));
    for (std::size_t i = 0; i < loss_cases.size(); ++i)
      figures.catch_up[i].ours = measurement.catch_up(loss_cases[i].loss, changes);
    progress("catching up");
    measurement.cut_off(figures);
    figures.mass_crash_ms = measurement.mass_crash();
    progress(fmt::format("a third has crashed, {:.0f} ms", figures.mass_crash_ms));
    figures.deaths_of_the_living = measurement.deaths_of_the_living();
  }
  Measurement alone(members, effort, {.repair_threshold = 0});
  alone.mass_join();
  for (std::size_t i = 0; i < loss_cases.size(); ++i) {
    figures.catch_up[i].alone = alone.catch_up(loss_cases[i].loss, changes);
    figures.catch_up[i].theirs = OlderWay(members, loss_cases[i].loss, members).run(changes);
  }
  figures.deaths_of_the_living += alone.deaths_of_the_living();
  progress("catching up, each answered alone, and the older way");
  return figures;
}

}  // namespace muster::bench
