#include "cluster/membership/trusted.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace muster {
namespace {

struct TrustedPeers : testing::Test {
  std::array<Peer, 5> peers;
  Trusted trusted;
  Random random{1};

  void SetUp() override {
    for (Peer& peer : peers) trusted.add(peer);
  }
  std::set<const Peer*> pick(std::size_t count) {
    const auto picked = trusted.pick(count, random);
    std::set<const Peer*> distinct(picked.begin(), picked.end());
    EXPECT_EQ(distinct.size(), picked.size()) << "nobody is picked twice";
    return distinct;
  }
};

TEST_F(TrustedPeers, AreAllPickedWhereThereAreFew) {
  EXPECT_EQ(pick(5).size(), 5U);
  EXPECT_EQ(pick(6).size(), 5U);
  EXPECT_TRUE(Trusted{}.pick(3, random).empty());
}

TEST_F(TrustedPeers, AreEachPickedAsOftenAsTheOthers) {
  std::array<int, 5> times{};
  constexpr int rounds = 10'000;
  for (int i = 0; i < rounds; ++i) {
    const auto picked = pick(2);
    for (std::size_t peer = 0; peer < peers.size(); ++peer)
      times[peer] += picked.contains(&peers[peer]) ? 1 : 0;
  }
  for (const int each : times) EXPECT_NEAR(each, 4'000, 250);
}

TEST_F(TrustedPeers, AreNotPickedOnceTheyAreRemovedAndAreAgainWhenTheyComeBack) {
  trusted.remove(peers[0]);
  trusted.remove(peers[4]);
  trusted.remove(peers[2]);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(pick(3), (std::set<const Peer*>{&peers[1], &peers[3]}));
  trusted.add(peers[4]);
  EXPECT_EQ(pick(3), (std::set<const Peer*>{&peers[1], &peers[3], &peers[4]}));
  for (const std::size_t last : {3U, 4U, 1U}) trusted.remove(peers[last]);
  EXPECT_TRUE(trusted.empty());
}

}  // namespace
}  // namespace muster
