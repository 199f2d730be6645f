#include "tests/e2e/soak_verdict.h"

#include <algorithm>

#include <fmt/format.h>

namespace muster::soak {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr milliseconds converged_within{10'000};
constexpr milliseconds delivered_within{10'000};
constexpr milliseconds given_back_within{5'000};
constexpr milliseconds between_looks{200};

/// A long life may cost this much memory from the warm-up on: heaps breathe.
constexpr std::size_t growth_max_kib = 4096;
/// The packets that a member may hold when all is quiet: a pipelined one's stock of empty ones, and
/// what is on its way at that moment.
constexpr std::size_t stock_packets = 256;
constexpr std::size_t packets_under_way_max = 32;
/// What the switch holds then, for all members together.
constexpr std::size_t buffers_under_way_max = 128;

/// Judges again and again until there is nothing to find, and returns what the last look found.
template <class Judge>
Mistakes judge_within(Cluster& cluster, milliseconds limit, const Judge& judge) {
  const Clock::time_point deadline = Clock::now() + limit;
  while (true) {
    Mistakes found = judge();
    if (found.empty() || Clock::now() > deadline) return found;
    cluster.listen_for(between_looks);
  }
}

/// Where two objects differ, key by key; a few of the places.
Mistakes differences(const std::string& whose, const json& is, const json& expected) {
  constexpr std::size_t shown_max = 5;
  Mistakes found;
  for (const json& step : json::diff(expected, is)) {
    const json::json_pointer at(step["path"].get<std::string>());
    const auto shown = [&](const json& in) { return in.contains(at) ? in[at].dump() : "nothing"; };
    found.push_back(fmt::format("{}: at {} is {}, expected {}", whose,
                                step["path"].get<std::string>(), shown(is), shown(expected)));
    if (found.size() == shown_max) break;
  }
  return found;
}

void append(Mistakes& all, Mistakes more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Mistakes look_at_directory(Cluster& cluster) {
  const auto states = cluster.ask_all("state");
  const auto trees = cluster.ask_all("tree");
  const json expected = cluster.expected_tree();
  Mistakes found;
  for (std::size_t member = 0; member < members; ++member) {
    const std::string name = Cluster::name(member);
    const json& state = states[member];
    if (state.is_null() || trees[member].is_null() || states[0].is_null()) {
      found.push_back(name + " does not answer");
      continue;
    }
    if (state["trees"].size() != members)
      found.push_back(fmt::format("{} knows of {} trees", name, state["trees"].size()));
    append(found, differences("vector of " + name, state["trees"], states[0]["trees"]));
    append(found, differences("tree of " + name, trees[member]["names"], expected));
    if (state["trees"].value(name, json::object())["incarnation"] != state["incarnation"])
      found.push_back(name + " holds its own tree of another incarnation");
    if (state["synchronized"] != true) found.push_back(name + " is not synchronized");
    for (const json& bound : state["bound"]) {
      const json tree = state["trees"].value(bound["owner"].get<std::string>(), json::object());
      if (tree["incarnation"] != bound["incarnation"] || tree["names"] != bound["names"])
        found.push_back(
            fmt::format("{} finds {} where its copy is {}", name, bound.dump(), tree.dump()));
    }
  }
  return found;
}

Mistakes look_at_packets(Cluster& cluster) {
  const auto stats = cluster.ask_all("stats");
  Mistakes found;
  for (std::size_t member = 0; member < members; ++member) {
    const std::size_t held_max =
        packets_under_way_max + (Cluster::inline_member(member) ? 0 : stock_packets);
    if (stats[member].is_null()) {
      found.push_back(Cluster::name(member) + " does not answer");
    } else if (const std::size_t held = stats[member]["transport"].value("in_use", std::size_t{0});
               held > held_max) {
      found.push_back(fmt::format("{} holds {} packets, expected {} at most", Cluster::name(member),
                                  held, held_max));
    }
  }
  const json held = cluster.ask_switch({{"stats", true}})["stats"]["buffers_in_use"];
  if (held.get<std::size_t>() > buffers_under_way_max)
    found.push_back(fmt::format("the switch holds {} buffers, expected {} at most", held.dump(),
                                buffers_under_way_max));
  return found;
}

/// `lost_max` descriptors more than before are tolerated.
Mistakes compare(const std::string& whose, const Footprint& is, const Footprint& before,
                 std::size_t lost_max = 0) {
  const auto count = [](const Footprint& of) {
    std::size_t all = 0;
    for (const auto& [kind, descriptors] : of.descriptors) all += descriptors;
    return all;
  };
  Mistakes found;
  if (count(is) < count(before) || count(is) > count(before) + lost_max)
    found = differences("descriptors of " + whose, is.descriptors, before.descriptors);
  if (is.threads != before.threads)
    found.push_back(fmt::format("{} has {} threads, and had {} when it had joined", whose,
                                is.threads, before.threads));
  return found;
}

/// DPDK's driver keeps the memory of a member that goes between giving it and being connected.
Mistakes look_at_footprints(Cluster& cluster, const Baseline& baseline) {
  Mistakes found = compare("the switch", cluster.footprint_of_switch(), baseline.switch_joined,
                           cluster.killed_joining());
  for (std::size_t member = 0; member < members; ++member)
    append(found, compare(Cluster::name(member), cluster.footprint_of(member),
                          baseline.members_joined[member]));
  return found;
}

void compare_memory(Mistakes& found, const std::string& whose, std::size_t is_kib,
                    std::size_t warm_kib) {
  fmt::print("{}: {} KiB resident after the warm-up, {} KiB in the end\n", whose, warm_kib, is_kib);
  if (is_kib > warm_kib + growth_max_kib)
    found.push_back(fmt::format("{} grew from {} to {} KiB", whose, warm_kib, is_kib));
}

Mistakes look_at_switch(Cluster& cluster) {
  const auto before = cluster.ask_all("stats");
  cluster.listen_for(between_looks);
  const json ports = cluster.ask_switch({{"stats", true}})["stats"]["ports"];
  cluster.listen_for(between_looks);
  const auto after = cluster.ask_all("stats");
  Mistakes found;
  for (std::size_t port = 0; port < members; ++port) {
    for (const auto& [cause, count] : ports[port]["dropped"].items())
      if (cause != "loss" && cause != "no_link" && cause != "port_full" && cause != "own_port")
        found.push_back(
            fmt::format("the switch dropped {} frames at port {}: {}", count.dump(), port, cause));
    if (port >= veterans) continue;  // its port counts what its earlier processes sent as well
    const std::uint64_t in = ports[port]["in"]["frames"];
    const std::uint64_t least = before[port]["transport"]["sent"];
    const std::uint64_t most = after[port]["transport"]["sent"];
    if (in < least || in > most)
      found.push_back(fmt::format("{} sent {} to {} frames, and the switch counted {}",
                                  Cluster::name(port), least, most, in));
  }
  return found;
}

}  // namespace

Mistakes judge_directory(Cluster& cluster) {
  const Clock::time_point begin = Clock::now();
  Mistakes found =
      judge_within(cluster, converged_within, [&] { return look_at_directory(cluster); });
  const std::chrono::duration<double> took = Clock::now() - begin;
  fmt::print("directories: {} after {:.2f} s\n", found.empty() ? "equal" : "NOT equal",
             took.count());
  return found;
}

Mistakes judge_messages(Cluster& cluster) {
  const auto each_pair = [](auto&& visit) {
    for (std::size_t from = 0; from < members; ++from)
      for (std::size_t to = 0; to < members; ++to)
        if (from != to) visit(from, to);
  };
  each_pair([&](std::size_t from, std::size_t to) { cluster.send(from, to); });
  const Streams& streams = cluster.streams();
  Mistakes found;
  const auto incomplete = [&] {
    found.clear();
    each_pair([&](std::size_t from, std::size_t to) {
      if (!streams.complete(cluster.life(from), to))
        found.push_back(fmt::format("the last message of member {} to {} has not come", from, to));
    });
    return found;
  };
  cluster.listen_until([&] { return incomplete().empty(); }, delivered_within);
  append(found, streams.mistakes());
  each_pair([&](std::size_t from, std::size_t to) {
    const std::int64_t missing = streams.unaccounted(cluster.life(from), to);
    if (to < veterans && missing > 0)
      found.push_back(fmt::format("{} messages of member {} to {} neither came nor were reported",
                                  missing, from, to));
  });
  return found;
}

Mistakes judge_footprints(Cluster& cluster, const Baseline& baseline) {
  Mistakes found =
      judge_within(cluster, given_back_within, [&] { return look_at_packets(cluster); });
  append(found, judge_within(cluster, given_back_within,
                             [&] { return look_at_footprints(cluster, baseline); }));
  for (std::size_t member = 0; member < veterans; ++member)
    compare_memory(found, Cluster::name(member), cluster.footprint_of(member).resident_kib,
                   baseline.veterans_warm_kib[member]);
  compare_memory(found, "the switch", cluster.footprint_of_switch().resident_kib,
                 baseline.switch_warm_kib);
  return found;
}

Mistakes judge_switch(Cluster& cluster) {
  return judge_within(cluster, given_back_within, [&] { return look_at_switch(cluster); });
}

}  // namespace muster::soak
