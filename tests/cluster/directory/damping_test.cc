// Many who miss the same at once. Loss at one receiver and loss at the sender are two cases: the
// first may burden nobody else (I4), the second must not burden the owner without bound (I5).
#include <deque>

#include <gtest/gtest.h>

#include "cluster/directory/repair.h"
#include "cluster/token_bucket.h"
#include "tests/cluster/support/directories.h"

namespace muster {
namespace {

using test::bytes;
using test::Segment;
using wire::Type;

/// One owner and many who follow it.
struct Damping : testing::Test {
  unsigned followers = 40;
  bool multicast = true;
  int changes = 0;
  Segment segment;
  std::vector<Segment::Host*> hosts;

  void begin(std::uint32_t repair_threshold, std::uint32_t packets_per_ms = 1024) {
    for (unsigned i = 0; i <= followers; ++i)
      hosts.push_back(&segment.start("m" + std::to_string(i), [&](MemberConfig& config) {
        config.multicast = multicast;
        config.seeds = {{0x0a4d0001, 7777}};
        config.directory.repair_threshold = repair_threshold;
        config.directory.answer_packets_per_ms = packets_per_ms;
      }));
    segment.run_for(second);
    ASSERT_EQ(owner().member->bind("/before", {}), BindResult::changed);
    segment.run_for(second);
  }
  Segment::Host& owner() { return *hosts.front(); }
  const DirectoryStats& stats() { return owner().member->directory().stats(); }
  /// The next advertisement is lost on its way to those whom `misses` names.
  void lose_once(const std::function<bool(const Segment::Host&)>& misses) {
    segment.filter = [this, misses, when = TimeNs{0}](const Segment::Transit& transit) mutable {
      if (transit.type != Type::advertisement) return true;
      if (when == 0) when = segment.now();
      return segment.now() != when || !misses(transit.to);
    };
    ASSERT_EQ(owner().member->bind("/after", bytes(std::to_string(++changes))),
              BindResult::changed);
  }
  void expect_copies() {
    for (Segment::Host* host : hosts)
      EXPECT_TRUE(host == &owner() || test::has_copy(*host, owner())) << host->config.name;
  }
  static std::uint64_t received(const Segment::Host& host, Type type) {
    return host.member->stats().received[static_cast<std::size_t>(type)];
  }
};

// docs/protocol.md §6.9.
TEST_F(Damping, RepairsALossAtTheSenderByOneMulticast) {
  begin(3);
  lose_once([](const Segment::Host&) { return true; });
  segment.run_for(second);
  expect_copies();
  EXPECT_EQ(stats().repairs, 1U);
  EXPECT_EQ(stats().answers, 2U) << "those who asked before the third did";
  RecordProperty("requests", static_cast<int>(received(owner(), Type::sync_request)));
  EXPECT_LT(received(owner(), Type::sync_request), followers / 4U) << "the others had it by then";
}

/// What loses an advertisement may lose its repair.
TEST_F(Damping, RepairsALossOfTheRepairByOneMulticastMore) {
  begin(3);
  std::vector<TimeNs> lost;
  segment.filter = [&](const Segment::Transit& transit) {
    if (transit.type != Type::advertisement) return true;
    if (lost.empty() || (lost.size() < 2 && lost.back() != segment.now()))
      lost.push_back(segment.now());
    return lost.back() != segment.now();
  };
  ASSERT_EQ(owner().member->bind("/after", bytes("x")), BindResult::changed);
  segment.run_for(second);
  expect_copies();
  EXPECT_EQ(stats().repairs, 2U);
  EXPECT_EQ(stats().answers, 4U);
}

/// To reach all is then as many packets as there are members.
TEST_F(Damping, AnswersEachWhereTheGroupReachesNobody) {
  multicast = false;
  begin(3);
  lose_once([](const Segment::Host&) { return true; });
  segment.run_for(second);
  expect_copies();
  EXPECT_EQ(stats().repairs, 0U);
  EXPECT_EQ(stats().answers, followers);
}

/// I4: one in sixteen of the members must miss the same before the others get a packet for it.
TEST_F(Damping, AnswersEachWhereFewOfManyMissIt) {
  followers = 79;
  begin(3);
  lose_once([this](const Segment::Host& to) {
    return std::ranges::find(hosts, &to) < hosts.begin() + 5;  // the owner and four
  });
  segment.run_for(second);
  expect_copies();
  EXPECT_EQ(stats().repairs, 0U);
  EXPECT_EQ(stats().answers, 4U);
  lose_once([this](const Segment::Host& to) {
    return std::ranges::find(hosts, &to) < hosts.begin() + 6;
  });
  segment.run_for(second);
  EXPECT_EQ(stats().repairs, 1U);
}

TEST_F(Damping, AnswersEachWithoutRepair) {
  begin(0);
  lose_once([](const Segment::Host&) { return true; });
  segment.run_for(second);
  expect_copies();
  EXPECT_EQ(stats().repairs, 0U);
  EXPECT_EQ(stats().answers, 40U);
}

TEST_F(Damping, PutsNothingOnOthersForALossAtOneReceiver) {
  begin(3);
  Segment::Host& unlucky = *hosts[7];
  const auto before = received(*hosts[8], Type::advertisement);
  lose_once([&](const Segment::Host& host) { return &host == &unlucky; });
  segment.run_for(second);
  expect_copies();
  EXPECT_EQ(stats().repairs, 0U);
  EXPECT_EQ(received(owner(), Type::sync_request), 1U);
  EXPECT_EQ(stats().answers, 1U);
  EXPECT_EQ(received(*hosts[8], Type::advertisement), before + 1) << "the first, and no other";
  EXPECT_EQ(received(*hosts[8], Type::sync_answer), 0U);
}

TEST_F(Damping, CountsOneMemberThatAsksAgainOnce) {
  begin(2);
  segment.filter = [&](const Segment::Transit& transit) {
    if (&transit.to != hosts[7]) return true;
    return transit.type != Type::advertisement && transit.type != Type::sync_answer;
  };
  ASSERT_EQ(owner().member->bind("/after", bytes("x")), BindResult::changed);
  segment.run_for(second);
  EXPECT_GT(received(owner(), Type::sync_request), 3U);
  EXPECT_EQ(stats().repairs, 0U);
}

/// The most answers that the owner sent within a millisecond, until all have its tree.
struct Budget : Damping {
  static constexpr std::uint32_t packets_per_ms = 4;
  std::uint64_t most_within_a_ms() {
    std::uint64_t most = 0;
    std::deque<std::pair<TimeNs, std::uint64_t>> recent;
    const bool all_have_it = segment.run_until([&] {
      recent.emplace_back(segment.now(), stats().answers);
      while (recent.front().first + ms < segment.now()) recent.pop_front();
      most = std::max(most, stats().answers - recent.front().second);
      return std::ranges::all_of(hosts, [&](const Segment::Host* host) {
        return host == &owner() || test::has_copy(*host, owner());
      });
    });
    EXPECT_TRUE(all_have_it);
    return most;
  }
  /// A full bucket, and what it earns in a millisecond.
  static constexpr std::uint64_t allowed = 2 * std::uint64_t{packets_per_ms};
};

TEST_F(Budget, HoldsAndServesAllForALossAtTheSender) {
  begin(0, packets_per_ms);
  lose_once([](const Segment::Host&) { return true; });
  EXPECT_LE(most_within_a_ms(), allowed);
  EXPECT_GT(stats().over_budget, 0U);
}

/// It asks on and on for a tree of many pages, of which it hears every third.
TEST_F(Budget, HoldsAndServesAllForALossAtOneReceiver) {
  begin(0, packets_per_ms);
  segment.filter = [&, answers = 0](const Segment::Transit& transit) mutable {
    if (&transit.to != hosts[7]) return true;
    if (transit.type == Type::sync_answer) return ++answers % 3 == 0;
    return transit.type != Type::advertisement;
  };
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(owner().member->bind("/s/" + std::to_string(i), bytes(std::string(1000, 'v'))),
              BindResult::changed);
  const std::uint64_t bystander = received(*hosts[8], Type::sync_answer);
  EXPECT_LE(most_within_a_ms(), allowed);
  EXPECT_GT(stats().answers, 100U);
  EXPECT_EQ(received(*hosts[8], Type::sync_answer), bystander);
  // Each answer is heard to its end, to its hole, or not at all: no request goes out beside it.
  EXPECT_LE(received(owner(), Type::sync_request), stats().answers + stats().over_budget);
}

TEST(TokenBucket, EarnsWithTimeAndHoldsAnIntervalsWorth) {
  TokenBucket budget(10, ms);
  EXPECT_EQ(budget.grant(second, 32), 10U);
  EXPECT_EQ(budget.grant(second, 1), 0U);
  EXPECT_EQ(budget.grant(second + 100 * us, 32), 1U);
  EXPECT_EQ(budget.grant(second + 350 * us, 32), 2U);
  EXPECT_EQ(budget.grant(second + 400 * us, 32), 1U) << "what was left over counts";
  EXPECT_EQ(budget.grant(5 * second, 4), 4U);
  budget.give_back(3);
  EXPECT_EQ(budget.grant(5 * second, 32), 9U);
  EXPECT_EQ(budget.grant(second, 32), 0U) << "a clock that goes back earns nothing";
}

// docs/protocol.md §6.9.
struct Repairs : testing::Test {
  static constexpr DurationNs window_ns = 2 * ms;
  Repair repair;
  TimeNs now = second;

  Repair::Verdict asked(std::uint32_t by, Version since) {
    const Repair::Verdict verdict = repair.asked(now, {by, 7777}, since, 2, window_ns);
    if (verdict == Repair::Verdict::repeat) repair.repeated(since);
    return verdict;
  }
  using enum Repair::Verdict;
};

TEST_F(Repairs, AreOfEachVersionAFewTimesAtMost) {
  for (std::uint32_t times = 0; times < Repair::times_max; ++times) {
    EXPECT_EQ(asked(1, 5), answer);
    EXPECT_EQ(asked(2, 5), repeat);
    EXPECT_EQ(asked(3, 5), covered);
    now += window_ns;
  }
  EXPECT_EQ(asked(1, 5), answer);
  EXPECT_EQ(asked(2, 5), answer) << "it is missed again and again";
  EXPECT_EQ(asked(1, 7), answer);
  EXPECT_EQ(asked(2, 7), repeat);
}

TEST_F(Repairs, AreNeverOfAnEarlierVersion) {
  EXPECT_EQ(asked(1, 7), answer);
  EXPECT_EQ(asked(2, 7), repeat);
  for (const Version since : {Version{5}, Version{6}}) {
    EXPECT_EQ(asked(1, since), answer);
    EXPECT_EQ(asked(2, since), answer);
  }
}

TEST_F(Repairs, AreNotPutOffByOneWhoMissedMore) {
  EXPECT_EQ(asked(1, 7), answer);
  EXPECT_EQ(asked(9, 4), answer);
  EXPECT_EQ(asked(2, 7), repeat);
}

}  // namespace
}  // namespace muster
