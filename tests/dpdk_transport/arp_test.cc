#include "dpdk_transport/arp.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;

TEST(Arp, RequestIsWrittenToTheByte) {
  Bytes frame(arp_frame_bytes, std::byte{0xee});
  write_arp_request(frame, golden::neighbour, golden::self.address);
  EXPECT_EQ(frame, golden::arp_request);
}

// docs/protocol.md §1.2.
TEST(Arp, RequestForOurAddressIsTurnedIntoTheReply) {
  const ArpNews news = read_arp(golden::arp_request, golden::self);
  EXPECT_TRUE(news.valid && news.for_us);
  EXPECT_EQ(news.sender.address, golden::neighbour.address);
  EXPECT_EQ(news.sender.mac, golden::neighbour.mac);
  Bytes frame = golden::arp_request;
  make_arp_reply(frame, golden::self);
  EXPECT_EQ(frame, golden::arp_reply);
}

TEST(Arp, ReplyTellsWhereItsSenderIs) {
  const ArpNews news = read_arp(golden::arp_reply, golden::neighbour);
  EXPECT_TRUE(news.valid);
  EXPECT_FALSE(news.for_us);
  EXPECT_EQ(news.sender.mac, golden::self.mac);
}

TEST(Arp, RequestForAnotherAddressIsNotAnswered) {
  const ArpNews news = read_arp(golden::arp_request, {.address = 0x0a4d0003, .mac = {}});
  EXPECT_TRUE(news.valid);
  EXPECT_FALSE(news.for_us);
}

TEST(Arp, AnnouncementIsNewsToTheOthersAndAConflictToItsOwner) {
  Bytes frame(arp_frame_bytes);
  write_arp_announcement(frame, golden::neighbour);
  const ArpNews heard = read_arp(frame, golden::self);
  EXPECT_TRUE(heard.valid);
  EXPECT_FALSE(heard.for_us || heard.conflict);
  const Station impostor{.address = golden::neighbour.address, .mac = golden::self.mac};
  EXPECT_TRUE(read_arp(frame, impostor).conflict);
  EXPECT_FALSE(read_arp(frame, impostor).for_us);
}

TEST(Arp, NonsenseTeachesNothing) {
  for (const std::size_t at : {14U, 16U, 18U, 19U, 20U}) {  // up to the operation
    Bytes frame = golden::arp_request;
    frame[at] ^= std::byte{0x40};
    EXPECT_FALSE(read_arp(frame, golden::self).valid) << at;
  }
  Bytes group_mac = golden::arp_request;
  group_mac[22] |= std::byte{1};
  EXPECT_FALSE(read_arp(group_mac, golden::self).valid);
  Bytes group_address = golden::arp_request;
  group_address[28] = std::byte{239};
  EXPECT_FALSE(read_arp(group_address, golden::self).valid);
}

TEST(ArpTable, FindsWhatItHasLearned) {
  const auto table = std::make_unique<ArpTable>();
  EXPECT_EQ(table->find(golden::neighbour.address), nullptr);
  table->learn(golden::neighbour);
  ASSERT_NE(table->find(golden::neighbour.address), nullptr);
  EXPECT_EQ(*table->find(golden::neighbour.address), golden::neighbour.mac);
}

TEST(ArpTable, FollowsAStationThatMoves) {
  const auto table = std::make_unique<ArpTable>();
  table->learn(golden::neighbour);
  table->learn({.address = golden::neighbour.address, .mac = golden::self.mac});
  EXPECT_EQ(*table->find(golden::neighbour.address), golden::self.mac);
}

TEST(ArpTable, HoldsAThousandNeighboursOfOneSegment) {
  const auto table = std::make_unique<ArpTable>();
  for (std::uint32_t i = 1; i <= 1024; ++i)
    table->learn({.address = 0x0a4d0000 + i, .mac = derived_mac(i)});
  std::uint32_t found = 0;
  for (std::uint32_t i = 1; i <= 1024; ++i)
    if (const MacAddress* mac = table->find(0x0a4d0000 + i)) found += *mac == derived_mac(i);
  EXPECT_EQ(found, 1024U);
}

TEST(ArpTable, PrefersTheNewWhenItIsFull) {
  const auto table = std::make_unique<ArpTable>();
  for (std::uint32_t i = 1; i <= 100'000; ++i) {
    table->learn({.address = i, .mac = derived_mac(i)});
    ASSERT_NE(table->find(i), nullptr);
  }
}

TEST(ArpPacer, AsksOnceInAnInterval) {
  ArpPacer pacer;
  EXPECT_TRUE(pacer.ask(1, 1000));
  EXPECT_FALSE(pacer.ask(1, 1000 + ArpPacer::interval_ns - 1));
  EXPECT_TRUE(pacer.ask(2, 1000));
  EXPECT_TRUE(pacer.ask(1, 1000 + ArpPacer::interval_ns));
}

}  // namespace
}  // namespace muster::dpdk
