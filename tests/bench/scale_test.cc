// The suite "scale" measures what it says it does: each of its figures once, for a small cluster,
// against what the protocol's timers and a little arithmetic demand.
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bench/scale/cluster.h"
#include "bench/scale/measure.h"
#include "bench/scale/older_way.h"
#include "bench/scale/rows.h"

namespace muster::bench {
namespace {

constexpr std::size_t members = 30;
constexpr Effort little{.change_deliveries = 15'000,
                        .changes_min = 500,
                        .changes_max = 500,
                        .hearers_of_changes = 300,
                        .hearers_of_crashes = 100};

const Figures& figures() {
  static const Figures measured = measure(members, little, [](const std::string&) {});
  return measured;
}

double in_ms(DurationNs duration) { return static_cast<double>(duration) / 1e6; }

double expected_share(const Loss& loss) {
  return static_cast<double>(loss.at_receiver + loss.at_sender) / 1e6;
}

TEST(Scale, CountsTheHeartbeatsOfAClusterAtRest) {
  const RestFigures& rest = figures().rest;
  EXPECT_NEAR(rest.packets_sent, 10, 0.5);
  EXPECT_NEAR(rest.packets_received, 10 * (members - 1), 10);
  const double heartbeat_bytes = 84 + 3 + 66;  // with the name, and the frame around it
  EXPECT_NEAR(rest.bytes_sent / rest.packets_sent, heartbeat_bytes, 1);
  EXPECT_NEAR(rest.bytes_received / rest.packets_received, heartbeat_bytes, 1);
  EXPECT_GT(rest.cpu_us, 0);
}

TEST(Scale, DetectsACrashWithinTheTimersOfThePreset) {
  const double suspect_ms = in_ms(lan_timers().suspect_after_ns);
  const double dead_ms = in_ms(lan_timers().dead_after_ns);
  const double heartbeat_ms = in_ms(lan_timers().heartbeat_interval_ns);
  const Delay& detection = figures().detection;
  EXPECT_GE(detection.median_ms, suspect_ms + dead_ms - heartbeat_ms);
  EXPECT_GE(detection.worst_ms, detection.median_ms);
  EXPECT_LE(detection.worst_ms, suspect_ms + dead_ms + 1);
  EXPECT_GE(figures().mass_crash_ms, detection.median_ms);
  EXPECT_LE(figures().mass_crash_ms, suspect_ms + 2 * dead_ms);
}

TEST(Scale, JoinsTakeTheListeningTimeAndLittleMore) {
  const double listen_ms = in_ms(lan_timers().join_listen_ns);
  EXPECT_GE(figures().join_one_ms, listen_ms);
  EXPECT_LE(figures().join_one_ms, listen_ms + 100);
  EXPECT_GE(figures().mass_join_ms, listen_ms);
  EXPECT_LE(figures().mass_join_ms, listen_ms + 300);
}

TEST(Scale, AChangeTravelsInOnePacketAndALostOneIsFoundByTheNextHeartbeats) {
  EXPECT_LE(figures().change.worst_ms, in_ms(delay_max_ns));
  EXPECT_GE(figures().change_at_loss.worst_ms, figures().change.median_ms);
  EXPECT_LE(figures().change_at_loss.worst_ms, 500);
}

TEST(Scale, OnlyTheOneThatWasCutOffBeginsAnew) {
  EXPECT_EQ(figures().cut_off_begun_anew, 1);
  EXPECT_LE(figures().cut_off_ms, 300);
}

TEST(Scale, NobodyThatLivesIsDeclaredDead) { EXPECT_EQ(figures().deaths_of_the_living, 0); }

TEST(Scale, LosesWhatItSaysThatItLoses) {
  for (std::size_t i = 0; i < loss_cases.size(); ++i) {
    const auto& [ours, alone, theirs] = figures().catch_up[i];
    for (const RepairCost* cost : {&ours, &alone, &theirs}) {
      EXPECT_EQ(cost->changes, 500U);
      const double share = static_cast<double>(cost->missed()) /
                           static_cast<double>(cost->changes * cost->receivers);
      const double expected = expected_share(loss_cases[i].loss);
      // At the sender there are few throws of the dice.
      const double tolerance = loss_cases[i].loss.at_sender > 0 ? 5 : 0.5;
      EXPECT_LE(share, expected * (1 + tolerance)) << loss_cases[i].name;
      EXPECT_GE(share, expected < 0.005 ? 0 : expected / (1 + tolerance)) << loss_cases[i].name;
    }
  }
}

TEST(Scale, BystandersPayNothingWhereEachIsAnsweredAloneAndPayForTheOlderWay) {
  for (std::size_t i = 0; i < loss_cases.size(); ++i) {
    const auto& [ours, alone, theirs] = figures().catch_up[i];
    EXPECT_EQ(alone.bystander, 0U) << loss_cases[i].name;
    if (loss_cases[i].loss.at_receiver == 0) continue;
    EXPECT_GT(theirs.bystander, 0U) << loss_cases[i].name;
    EXPECT_LT(ours.bystander_per_change(), theirs.bystander_per_change()) << loss_cases[i].name;
  }
}

TEST(Scale, ARequesterAnsweredAlonePaysForOneRequestAndOneAnswer) {
  for (std::size_t i = 0; i < loss_cases.size(); ++i) {
    const RepairCost& alone = figures().catch_up[i].alone;
    if (alone.missed() < 100) continue;
    EXPECT_GE(alone.requester_per_miss(), 1.5) << loss_cases[i].name;
    EXPECT_LE(alone.requester_per_miss(), 2.5) << loss_cases[i].name;
  }
}

TEST(Scale, WhatAllMissIsRepairedByOneMulticastForFewWhoAsk) {
  for (std::size_t i = 0; i < loss_cases.size(); ++i) {
    const auto& [ours, alone, theirs] = figures().catch_up[i];
    if (loss_cases[i].loss.at_sender == 0 || ours.missed() < 100 || alone.missed() < 100) continue;
    const auto owner_per_miss = [](const RepairCost& cost) {
      return static_cast<double>(cost.owner) / static_cast<double>(cost.missed());
    };
    // Two are answered before the third asks, and few ask before they hear the repair.
    EXPECT_LT(owner_per_miss(ours), owner_per_miss(alone) / 2) << loss_cases[i].name;
    EXPECT_LT(ours.requester_per_miss(), alone.requester_per_miss()) << loss_cases[i].name;
  }
}

TEST(Scale, TheOlderWayIsGivenTheSuppressionThatFavoursIt) {
  const RepairCost cost = OlderWay(members, {.at_receiver = 0, .at_sender = 50'000}, 1).run(1'000);
  ASSERT_GT(cost.missed(), 20 * (members - 1));
  // All miss the same change: one repair serves them all, so that few need to ask.
  EXPECT_LT(cost.owner_per_change(), 0.05 * static_cast<double>(members));
  EXPECT_GT(cost.owner, 0U);
}

TEST(Scale, GivesTheSameFiguresForTheSameSeed) {
  const auto traffic = [] {
    Cluster cluster(10, lan_timers(), {}, 7);
    for (std::size_t server = 0; server < 10; ++server) cluster.start(server, 100 * ms);
    cluster.set_loss(20'000, 0);
    cluster.run_until(2 * second);
    return std::vector{cluster.traffic().packets_sent, cluster.traffic().bytes_received};
  };
  EXPECT_EQ(traffic(), traffic());
}

TEST(Scale, WritesARowForEachFigureWithAnIdOfItsOwn) {
  std::set<std::string> ids;
  for (const Row& row : rows_of(figures())) {
    EXPECT_TRUE(row.id.starts_with("F7.") && row.id.ends_with(".30")) << row.id;
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
  }
  EXPECT_TRUE(ids.contains("F7.catch_up.bystander.each.1%.30"));
  EXPECT_TRUE(ids.contains("F7.catch_up_alone.bystander.each.1%.30"));
}

}  // namespace
}  // namespace muster::bench
