#include "dpdk_transport/neighbours.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk {
namespace {

TEST(NeighbourTable, FindsWhatItHasLearned) {
  const auto table = std::make_unique<NeighbourTable>();
  EXPECT_EQ(table->find(golden::neighbour.address), nullptr);
  table->learn(golden::neighbour);
  ASSERT_NE(table->find(golden::neighbour.address), nullptr);
  EXPECT_EQ(*table->find(golden::neighbour.address), golden::neighbour.mac);
}

TEST(NeighbourTable, FollowsAStationThatMoves) {
  const auto table = std::make_unique<NeighbourTable>();
  table->learn(golden::neighbour);
  table->learn({.address = golden::neighbour.address, .mac = golden::self.mac});
  EXPECT_EQ(*table->find(golden::neighbour.address), golden::self.mac);
}

TEST(NeighbourTable, HoldsAThousandNeighboursOfOneSegment) {
  const auto table = std::make_unique<NeighbourTable>();
  for (std::uint32_t i = 1; i <= 1024; ++i)
    table->learn({.address = 0x0a4d0000 + i, .mac = derived_mac(i)});
  std::uint32_t found = 0;
  for (std::uint32_t i = 1; i <= 1024; ++i)
    if (const MacAddress* mac = table->find(0x0a4d0000 + i)) found += *mac == derived_mac(i);
  EXPECT_EQ(found, 1024U);
}

TEST(NeighbourTable, PrefersTheNewWhenItIsFull) {
  const auto table = std::make_unique<NeighbourTable>();
  for (std::uint32_t i = 1; i <= 100'000; ++i) {
    table->learn({.address = i, .mac = derived_mac(i)});
    ASSERT_NE(table->find(i), nullptr);
  }
}

TEST(NeighbourTable, ForgetsNobodyForStrangersThatWereNotAskedFor) {
  const auto table = std::make_unique<NeighbourTable>();
  table->learn(golden::neighbour);
  std::size_t learned = 0;
  for (std::uint32_t i = 1; i <= 100'000; ++i)
    learned += table->learn_if_room({.address = 0x0b000000 + i, .mac = derived_mac(i)});
  EXPECT_EQ(learned, NeighbourTable::stations_max - 1);
  EXPECT_NE(table->find(golden::neighbour.address), nullptr);
  // Where somebody known has moved to is news all the same.
  const Station moved{.address = golden::neighbour.address, .mac = golden::self.mac};
  EXPECT_TRUE(table->learn_if_room(moved));
  EXPECT_FALSE(table->learn_if_room(moved));
  EXPECT_EQ(*table->find(moved.address), moved.mac);
}

/// Whichever of them share a set.
TEST(NeighbourTable, ForgetsNobodyWhileThereIsRoom) {
  const auto table = std::make_unique<NeighbourTable>();
  for (std::uint32_t i = 1; i <= 2048; ++i) {
    *table = {};
    table->learn_if_room(golden::neighbour);
    table->learn({.address = 0x0b000000 + i, .mac = derived_mac(i)});
    ASSERT_NE(table->find(golden::neighbour.address), nullptr) << i;
  }
}

TEST(NeighbourTable, HoldsAThousandNeighboursWhoseAddressesEndInTheirMac) {
  const auto table = std::make_unique<NeighbourTable>();
  const auto address = [](std::uint64_t i) {
    return IpAddress{0xfd77'0000'0000'0000, 0x006d'0aff'fe4d'0000 + i};
  };
  for (std::uint32_t i = 1; i <= 1024; ++i)
    table->learn({.address = address(i), .mac = derived_mac(i)});
  std::uint32_t found = 0;
  for (std::uint32_t i = 1; i <= 1024; ++i)
    if (const MacAddress* mac = table->find(address(i))) found += *mac == derived_mac(i);
  EXPECT_EQ(found, 1024U);
}

TEST(NeighbourPacer, KnowsForWhomItHasAsked) {
  NeighbourPacer pacer;
  EXPECT_FALSE(pacer.has_asked(7));
  EXPECT_TRUE(pacer.ask(7, 1000));
  EXPECT_TRUE(pacer.has_asked(7));
  EXPECT_FALSE(pacer.has_asked(8));
}

TEST(NeighbourPacer, AsksOnceInAnInterval) {
  NeighbourPacer pacer;
  EXPECT_TRUE(pacer.ask(1, 1000));
  EXPECT_FALSE(pacer.ask(1, 1000 + NeighbourPacer::interval_ns - 1));
  EXPECT_TRUE(pacer.ask(2, 1000));
  EXPECT_TRUE(pacer.ask(1, 1000 + NeighbourPacer::interval_ns));
}

TEST(Neighbours, WhoIsSilentIsAskedForAndForgottenAtLast) {
  NeighbourTable table;
  const Station silent{.address = 0x0a4d0001, .mac = {2, 0, 0, 0, 0, 1}};
  const Station talks{.address = 0x0a4d0002, .mac = {2, 0, 0, 0, 0, 2}};
  table.learn(silent);
  table.learn(talks);
  int asked = 0;
  const auto once_through = [&] {
    EXPECT_TRUE(table.hear_again(talks));
    for (std::size_t i = 0; i < NeighbourTable::parts; ++i)
      table.doubt_some([&](const IpAddress& address) {
        EXPECT_EQ(address, silent.address);
        ++asked;
      });
  };
  once_through();
  EXPECT_EQ(asked, 0) << "it was heard of since";
  once_through();
  EXPECT_EQ(asked, 1);
  EXPECT_NE(table.find(silent.address), nullptr) << "what is known holds meanwhile";
  for (int i = 0; i < 5; ++i) once_through();
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(table.find(silent.address), nullptr);
  EXPECT_NE(table.find(talks.address), nullptr);
  EXPECT_FALSE(table.hear_again({.address = talks.address, .mac = silent.mac}));
}

}  // namespace
}  // namespace muster::dpdk
