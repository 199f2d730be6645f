#include "bench/messaging/campaign.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "bench/messaging/child.h"
#include "bench/messaging/crowd.h"
#include "bench/messaging/one_thread.h"
#include "bench/messaging/pair.h"
#include "bench/messaging/sockperf.h"
#include "bench/messaging/ways.h"
#include "tools/measure/bounce.h"

namespace muster::bench {

using measure::line_rtt_ns;

namespace {

// A round in which the bare line changed by more is played again: the host has moved the cores, and
// the first and the last way ran on different machines, so to speak.
constexpr double line_change_max = 1.3;

void say(const std::string& text) {
  using Clock = std::chrono::steady_clock;
  static const Clock::time_point begin = Clock::now();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
  fmt::print(stderr, "{:>3} s  {}\n", seconds.count(), text);
  std::fflush(stderr);
}

}  // namespace

std::string turn_name(std::string_view phase, std::string_view way) {
  return fmt::format("{}.{}", phase, way);
}

std::string task_name(std::string_view phase, std::string_view way, const Size& size) {
  return fmt::format("{}.{}", turn_name(phase, way), size.name);
}

std::string load_name(std::string_view way, const Size& size, int percent) {
  return fmt::format("{}.{}%", task_name("load", way, size), percent);
}

std::vector<Campaign::Contestant> Campaign::pairs(std::span<const Way> ways) const {
  std::vector<Contestant> all;
  for (const Way& way : ways) {
    std::function<std::unique_ptr<Stint>()> start;
    if (way.open != nullptr) {
      start = [&way, cores = cores_] { return std::make_unique<Pair>(way, cores); };
    }
    all.push_back({std::string(way.name), std::string(way.note), std::move(start)});
  }
  return all;
}

void Campaign::measure_paths() {
  std::vector<Contestant> contestants;
  for (const char* name : {"bare", "inline"}) {
    contestants.push_back({name, "", [&way = way_named(name), core = cores_.first] {
                             return std::make_unique<OneThread>(way, core);
                           }});
  }
  play("path", contestants, [&](Turn& turn) {
    const Task task{.kind = Task::Kind::rate, .length_ns = plan_.ping_ns / 2};
    for (const Size& size : path_sizes) {
      measure(task_name("path", turn.contestant.name, size), task, size, turn);
    }
  });
}

void Campaign::measure_pings() {
  std::vector<Contestant> contestants = pairs(ways());
  Contestant sockperf{.name = "sockperf", .note = "UDP", .start = {}};
  if (find_program("sockperf")) {
    sockperf.start = [cores = cores_] { return std::make_unique<Sockperf>(cores); };
  }
  contestants.push_back(sockperf);
  play("ping", contestants, [&](Turn& turn) {
    const Task task{.kind = Task::Kind::ping, .length_ns = plan_.ping_ns};
    for (const Size& size : ping_sizes) {
      measure(task_name("ping", turn.contestant.name, size), task, size, turn);
    }
  });
}

void Campaign::measure_flows() {
  const Task task{.kind = Task::Kind::rate, .length_ns = plan_.rate_ns};
  play("rate", pairs(ways()), [&](Turn& turn) {
    const std::string& way = turn.contestant.name;
    for (const Size& size : rate_sizes) {
      const Leg* const leg = measure(task_name("rate", way, size), task, size, turn);
      const bool loaded = std::any_of(load_sizes.begin(), load_sizes.end(),
                                      [&](const Size& other) { return other.name == size.name; });
      if (leg == nullptr || !loaded) continue;
      const auto rate = leg->figures.find("messages");
      if (rate != leg->figures.end()) measure_loads(size, rate->second, turn);
    }
    if (way == ways()[0].name) {
      measure(task_name("rate", way, small_frame), task, small_frame, turn);
    }
  });
}

void Campaign::measure_loss() {
  const Task ping{.kind = Task::Kind::ping, .length_ns = plan_.ping_ns};
  const Task rate{.kind = Task::Kind::rate, .length_ns = plan_.rate_ns};
  play("loss", pairs(switched_ways()), [&](Turn& turn) {
    const std::string& way = turn.contestant.name;
    measure(task_name("ping", way, loss_sizes[0]), ping, loss_sizes[0], turn);
    for (const Size& size : loss_sizes) {
      measure(task_name("rate", way, size), rate, size, turn);
    }
  });
}

void Campaign::measure_crowd() {
  const std::vector<Contestant> contestants{{"inline", "three processes on two cores",
                                             [this] { return std::make_unique<Crowd>(cores_); }}};
  play("crowd", contestants, [&](Turn& turn) {
    measure(task_name("crowd", "inline", crowd_size),
            {.kind = Task::Kind::rate, .length_ns = plan_.load_ns}, crowd_size, turn);
  });
}

void Campaign::measure_loads(const Size& size, double messages_per_second, Turn& turn) {
  for (const int percent : load_percents) {
    const double interval_ns = 1e9 / (messages_per_second * percent / 100);
    if (!(interval_ns < static_cast<double>(plan_.warm_ns))) continue;  // too few to say anything
    measure(load_name(turn.contestant.name, size, percent),
            {.kind = Task::Kind::load, .length_ns = plan_.load_ns, .interval_ns = interval_ns},
            size, turn);
  }
}

const Leg* Campaign::measure(const std::string& name, Task task, const Size& size, Turn& turn) {
  Stint& stint = turn.stint;
  task.bytes = size.bytes == 0 ? stint.packet_message_bytes() : size.bytes;
  if (task.bytes < stint.message_bytes_min() || task.bytes > stint.message_bytes_max()) {
    results_.note(name, fmt::format("refused: takes {} to {} bytes", stint.message_bytes_min(),
                                    stint.message_bytes_max()));
    return nullptr;
  }
  if (!turn.contestant.note.empty()) results_.note(name, turn.contestant.note);
  task.run = ++run_;
  task.warm_ns = plan_.warm_ns;
  const measure::MachineWatch machine;
  Measured measured = stint.measure(task);
  auto& legs = turn.round.legs;
  legs.emplace_back(name, Leg{.figures = std::move(measured.figures),
                              .times = std::move(measured.times),
                              .line_ns = 0,
                              .machine = machine.state()});
  return &legs.back().second;
}

void Campaign::play(const std::string& phase, const std::vector<Contestant>& contestants,
                    const Measures& measures) {
  std::vector<Round> rounds;
  const auto steady = [&] {
    return static_cast<std::size_t>(std::count_if(rounds.begin(), rounds.end(), [](const Round& r) {
      return r.line_change < line_change_max;
    }));
  };
  const std::size_t tries_max = plan_.rounds + plan_.rounds_again_max;
  while (steady() < plan_.rounds && rounds.size() < tries_max) {
    say(fmt::format("{}: round {}, of {}", phase, rounds.size() + 1, plan_.rounds));
    rounds.push_back(play_round(phase, contestants, measures));
    if (rounds.back().line_change >= line_change_max) {
      say(fmt::format("{}: the bare line changed {:.1f}-fold in that round", phase,
                      rounds.back().line_change));
    }
  }
  // The steadiest; on a machine that is never steady those, too, are better than none.
  std::sort(rounds.begin(), rounds.end(), [](const Round& one, const Round& other) {
    return one.line_change < other.line_change;
  });
  rounds.resize(std::min(rounds.size(), plan_.rounds));
  for (std::size_t round = 0; round < rounds.size(); ++round) {
    for (auto& [name, leg] : rounds[round].legs) results_.add(name, round, std::move(leg));
  }
}

Campaign::Round Campaign::play_round(const std::string& phase,
                                     const std::vector<Contestant>& contestants,
                                     const Measures& measures) {
  Round round;
  double least_ns = line_rtt_ns(cores_);
  double most_ns = least_ns;
  for (const Contestant& contestant : contestants) {
    const std::size_t first = round.legs.size();
    const double before_ns = line_rtt_ns(cores_);
    take_turn(phase, contestant, measures, round);
    const double after_ns = line_rtt_ns(cores_);
    for (std::size_t i = first; i < round.legs.size(); ++i) {
      round.legs[i].second.line_ns = (before_ns + after_ns) / 2;
    }
    least_ns = std::min({least_ns, before_ns, after_ns});
    most_ns = std::max({most_ns, before_ns, after_ns});
  }
  round.line_change = most_ns / least_ns;
  return round;
}

void Campaign::take_turn(const std::string& phase, const Contestant& contestant,
                         const Measures& measures, Round& round) {
  const std::string name = turn_name(phase, contestant.name);
  if (!contestant.start) {
    results_.note(name, "not installed");
    return;
  }
  say(fmt::format("  {}", contestant.name));
  try {
    const std::unique_ptr<Stint> stint = contestant.start();
    Turn turn{contestant, *stint, round};
    measures(turn);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    say(error.what());
    results_.note(name, fmt::format("not complete: {}", error.what()));
  }
}

}  // namespace muster::bench
