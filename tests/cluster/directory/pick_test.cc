#include "cluster/directory/pick.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/random.h"

namespace muster {
namespace {

class PickTest : public testing::Test {
 protected:
  PickTest() {
    for (const char* name : {"ann", "bob", "cid", "dot", "eve"}) bind(name);
  }
  void bind(std::string_view name, Incarnation incarnation = 1) {
    all.push_back({.owner = {member_id(name), incarnation}, .value = {}});
  }
  void unbind(std::string_view name) {
    std::erase_if(all, [&](const Bound& bound) { return bound.owner.id == member_id(name); });
  }
  /// By default everybody is a candidate, and nobody was measured.
  MemberId pick(const Pick& how) {
    const Bound* found = choose(how, all, turn, dice, [this](const MemberKey& key) {
      const auto known = distances.find(key.id);
      return known == distances.end() ? std::optional(never_ns) : known->second;
    });
    return found == nullptr ? MemberId{} : found->owner.id;
  }
  std::map<MemberId, int> count(const Pick& how, int picks) {
    std::map<MemberId, int> counts;
    for (int i = 0; i < picks; ++i) ++counts[pick(how)];
    return counts;
  }
  std::map<std::string, MemberId> members_of_keys() {
    std::map<std::string, MemberId> members;
    for (int i = 0; i < 10'000; ++i) {
      const std::string key = "key-" + std::to_string(i);
      members[key] = pick(Pick::sticky(key));
    }
    return members;
  }

  std::vector<Bound> all;
  std::uint32_t turn = 0;
  Random dice{1};
  std::map<MemberId, std::optional<DurationNs>> distances;
};

const MemberId ann = member_id("ann");
const MemberId bob = member_id("bob");
const MemberId cid = member_id("cid");
const MemberId eve = member_id("eve");

/// Pearson's test against equal shares; 23.5 is exceeded once in 10,000 for four degrees of
/// freedom, and the seed is fixed.
void expect_equal_shares(const std::map<MemberId, int>& counts, int total) {
  const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
  double chi_squared = 0;
  for (const auto& [member, count] : counts)
    chi_squared += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_squared, 23.5);
}

TEST_F(PickTest, FindsNobodyAmongNone) {
  all.clear();
  for (const Pick& how : {Pick(), Pick::random(), Pick::nearest(), Pick::sticky("k")})
    EXPECT_EQ(pick(how), MemberId{});
}

TEST_F(PickTest, PassesOverThoseWhoAreNoCandidates) {
  for (const MemberId member : {ann, bob, cid, eve}) distances[member] = std::nullopt;
  for (const Pick& how : {Pick(), Pick::random(), Pick::nearest(), Pick::sticky("k")})
    for (int i = 0; i < 10; ++i) EXPECT_EQ(pick(how), member_id("dot"));
}

TEST_F(PickTest, GoesRound) {
  std::vector<MemberId> picked(10);
  std::ranges::generate(picked, [this] { return pick(Pick::round_robin()); });
  EXPECT_TRUE(std::equal(picked.begin(), picked.begin() + 5, picked.begin() + 5));
  std::ranges::sort(picked);
  EXPECT_EQ(std::ranges::distance(picked.begin(), std::ranges::unique(picked).begin()), 5);
}

TEST_F(PickTest, ByChanceIsFairAndHasNoOrder) {
  const auto counts = count(Pick::random(), 50'000);
  EXPECT_EQ(counts.size(), 5U);
  expect_equal_shares(counts, 50'000);
  int repeated = 0;
  MemberId last{};
  for (int i = 0; i < 10'000; ++i) {
    const MemberId next = pick(Pick::random());
    repeated += next == last ? 1 : 0;
    last = next;
  }
  EXPECT_NEAR(repeated, 2000, 200);  // five standard deviations
}

TEST_F(PickTest, FindsTheNearest) {
  distances = {{ann, 500}, {bob, 300}, {cid, 400}};
  EXPECT_EQ(count(Pick::nearest(), 100).at(bob), 100);
  distances[cid] = 200;
  EXPECT_EQ(pick(Pick::nearest()), cid);
}

TEST_F(PickTest, TakesTurnsAmongTheEquallyNear) {
  EXPECT_EQ(count(Pick::nearest(), 50), count(Pick::round_robin(), 50));  // nobody was measured
  distances = {{ann, 300}, {bob, 500}, {eve, 300}};
  EXPECT_EQ(count(Pick::nearest(), 100), (std::map<MemberId, int>{{ann, 50}, {eve, 50}}));
}

TEST_F(PickTest, SpreadsKeysEvenly) {
  std::map<MemberId, int> counts;
  for (const auto& [key, member] : members_of_keys()) ++counts[member];
  EXPECT_EQ(counts.size(), 5U);
  expect_equal_shares(counts, 10'000);
}

TEST_F(PickTest, MovesOnlyTheKeysOfWhoIsRemoved) {
  const auto before = members_of_keys();
  unbind("cid");
  std::map<MemberId, int> heirs;
  for (const auto& [key, member] : members_of_keys()) {
    if (before.at(key) == cid)
      ++heirs[member];
    else
      ASSERT_EQ(member, before.at(key)) << key;
  }
  EXPECT_EQ(heirs.size(), 4U);
  EXPECT_FALSE(heirs.contains(cid));
  bind("cid", 2);  // a new life, and last in order
  EXPECT_EQ(members_of_keys(), before);
}

TEST_F(PickTest, LeavesTheTurnToThoseWhoTakeTurns) {
  const MemberId first = pick(Pick());
  pick(Pick::random());
  pick(Pick::sticky("k"));
  count(Pick(), 4);
  EXPECT_EQ(pick(Pick()), first);
}

}  // namespace
}  // namespace muster
