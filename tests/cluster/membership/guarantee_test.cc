// Each preset keeps what it publishes (docs/protocol.md §5.9), and publishes no less than it keeps.
#include "cluster/membership/guarantee.h"

#include <string>

#include <gtest/gtest.h>

#include "cluster/random.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::Segment;

TEST(Guarantee, IsWhatTheSpecificationPublishes) {
  const auto expect = [](const MembershipConfig& timers, DurationNs d, DurationNs p,
                         std::uint32_t l) {
    const Guarantee guarantee = guarantee_of(timers);
    EXPECT_EQ(guarantee.detection_ns, d);
    EXPECT_EQ(guarantee.pause_ns, p);
    EXPECT_EQ(guarantee.heartbeats_lost, l);
    EXPECT_EQ(guarantee.detection_unhealthy_ns - timers.heartbeat_interval_ns,
              4 * (d - timers.heartbeat_interval_ns));
  };
  expect(lan_timers(), 500 * ms, 300 * ms, 2);
  expect(fast_timers(), 9 * ms, 7 * ms, 6);
  expect(wan_timers(), 4500 * ms, 3500 * ms, 6);
  EXPECT_NEAR(guarantee_of(lan_timers()).loss, 0.106, 0.0005);
  EXPECT_NEAR(guarantee_of(lan_timers()).loss_of_two, 0.0226, 0.0005);
  EXPECT_NEAR(guarantee_of(fast_timers()).loss, 0.180, 0.0005);
  EXPECT_NEAR(guarantee_of(fast_timers()).loss_of_two, 0.104, 0.0005);
  EXPECT_EQ(guarantee_of(wan_timers()).loss, guarantee_of(fast_timers()).loss);
}

struct Preset {
  const char* name;
  MembershipConfig timers;
};
std::ostream& operator<<(std::ostream& out, const Preset& preset) { return out << preset.name; }

/// Eight members of one preset that know each other.
class Kept : public testing::TestWithParam<Preset> {
 protected:
  static constexpr std::size_t members = 8;

  Kept() {
    for (std::size_t i = 0; i < members; ++i)
      hosts_.push_back(&segment_.start("m" + std::to_string(i), [](MemberConfig& config) {
        config.membership = GetParam().timers;
      }));
    run(20);
    for (const auto* host : hosts_)
      EXPECT_EQ(host->member->membership().peers().size(), members - 1);
  }
  Segment::Host& victim() { return *hosts_.front(); }
  const MembershipConfig& timers() const { return GetParam().timers; }
  DurationNs beat() const { return timers().heartbeat_interval_ns; }
  void run(std::uint64_t beats) { segment_.run_for(beats * beat()); }

  /// Until the victim has just said a heartbeat.
  void run_to_its_heartbeat() {
    bool said = false;
    segment_.filter = [&](const Segment::Transit& transit) {
      said = said || (&transit.from == &victim() && transit.type == wire::Type::heartbeat);
      return true;
    };
    ASSERT_TRUE(segment_.run_until([&] { return said; }));
    segment_.filter = {};
  }
  /// Just before a heartbeat, of which so many more were lost since the last that arrived.
  void pause_at_the_worst_moment(DurationNs duration, std::uint32_t heartbeats_lost = 0) {
    run_to_its_heartbeat();
    segment_.filter = [this](const Segment::Transit& transit) {
      return &transit.from != &victim() || transit.type != wire::Type::heartbeat;
    };
    segment_.run_for((heartbeats_lost + 1) * beat() - 10 * us);
    segment_.filter = {};
    segment_.pause(victim());
    segment_.run_for(duration);
    segment_.resume(victim());
    run(20);
  }
  /// Who has declared somebody dead.
  std::size_t accusers() const {
    std::size_t accusers = 0;
    for (const auto* host : hosts_)
      accusers += std::ranges::any_of(
          host->events.heard, [](const std::string& line) { return line.starts_with("died"); });
    return accusers;
  }

  Segment segment_;
  std::vector<Segment::Host*> hosts_;
};

TEST_P(Kept, ACrashAtTheWorstMomentIsKnownToAllWithinD) {
  run_to_its_heartbeat();
  const TimeNs crashed = segment_.now();
  segment_.crash(victim());
  const DurationNs d = guarantee_of(timers()).detection_ns;
  ASSERT_TRUE(segment_.run_until([&] { return accusers() == members - 1; }));
  EXPECT_LE(segment_.now() - crashed, d);
  EXPECT_GE(segment_.now() - crashed + beat(), d) << "less than it takes is published";
}

TEST_P(Kept, APauseJustUnderPAtTheWorstMomentRemovesNobody) {
  pause_at_the_worst_moment(guarantee_of(timers()).pause_ns - beat() / 20);
  EXPECT_EQ(accusers(), 0u);
}

TEST_P(Kept, APauseAbovePAtTheWorstMomentIsNoticed) {
  pause_at_the_worst_moment(guarantee_of(timers()).pause_ns + beat() / 20);
  EXPECT_EQ(accusers(), members - 1);
}

TEST_P(Kept, AHeartbeatLostBesideAPauseTakesAnIntervalFromP) {
  const DurationNs left = guarantee_of(timers()).pause_ns - beat();
  pause_at_the_worst_moment(left - beat() / 20, 1);
  EXPECT_EQ(accusers(), 0u);
  pause_at_the_worst_moment(left + beat() / 20, 1);
  EXPECT_EQ(accusers(), members - 1);
}

/// One more than L may or may not arrive in time where the timers are multiples of the interval.
TEST_P(Kept, LHeartbeatsLostInARowRemoveNobodyAndTwoMoreDo) {
  const std::uint32_t l = guarantee_of(timers()).heartbeats_lost;
  const auto lose = [&](std::uint32_t heartbeats) {
    run_to_its_heartbeat();
    std::uint32_t lost = 0;
    const TimeNs first = segment_.now() + beat() / 2;
    TimeNs last = first;
    segment_.filter = [&](const Segment::Transit& transit) {
      if (&transit.from != &victim() || segment_.now() < first) return true;
      if (transit.type == wire::Type::heartbeat && segment_.now() >= last + beat() / 2) {
        last = segment_.now();
        ++lost;
      }
      return lost > heartbeats;
    };
    run(20);
    segment_.filter = {};
  };
  lose(l);
  EXPECT_EQ(accusers(), 0u);
  lose(l + 2);
  EXPECT_EQ(accusers(), members - 1);
}

TEST_P(Kept, RandomLossUpToLRemovesNobody) {
  Random dice(1);
  const auto loss = static_cast<std::uint64_t>(guarantee_of(timers()).loss * 1e6);
  segment_.filter = [&](const Segment::Transit&) { return dice.below(1'000'000) >= loss; };
  run(2000);
  EXPECT_EQ(accusers(), 0u);
  std::uint64_t suspicions = 0;
  for (const auto* host : hosts_) suspicions += host->member->membership().stats().suspicions;
  EXPECT_GT(suspicions, 0u) << "so little loss tries nothing";
}

INSTANTIATE_TEST_SUITE_P(Presets, Kept,
                         testing::Values(Preset{"lan", lan_timers()}, Preset{"fast", fast_timers()},
                                         Preset{"wan", wan_timers()}),
                         [](const auto& preset) { return std::string(preset.param.name); });

/// Whatever bob says proves that it lives, so the formula, which knows of heartbeats and answers
/// only, is a bound; what ann says of it arrives.
TEST(Guarantee, BoundsTheFalseRemovalsThatLossCauses) {
  Segment segment;
  auto& ann = segment.start("ann");
  auto& bob = segment.start("bob");
  segment.run_for(second);
  constexpr double loss = 0.5;
  Random dice(7);
  std::uint64_t arrived = 0;
  segment.filter = [&](const Segment::Transit& transit) {
    if (&transit.from == &ann && transit.type != wire::Type::probe) return true;
    const bool arrives = dice.below(1'000'000) >= std::uint64_t{500'000};
    arrived += &transit.from == &bob && arrives && transit.type == wire::Type::heartbeat;
    return arrives;
  };
  segment.run_for(2000 * second);
  const double bound = false_removal_probability(lan_timers(), loss, 0);
  const double measured =
      static_cast<double>(ann.events.count("died bob")) / static_cast<double>(arrived);
  EXPECT_LE(measured, bound * 1.1);
  EXPECT_GE(measured, bound / 10);
}

}  // namespace
}  // namespace muster
