#include "dpdk_transport/arp.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;

TEST(Arp, RequestIsWrittenToTheByte) {
  Bytes frame(arp_frame_bytes, std::byte{0xee});
  write_arp_request(frame, golden::neighbour, golden::self.address.v4());
  EXPECT_EQ(frame, golden::arp_request);
}

// docs/protocol.md §1.2.
TEST(Arp, RequestForOurAddressIsTurnedIntoTheReply) {
  const NeighbourNews news = read_arp(golden::arp_request, golden::self);
  EXPECT_TRUE(news.valid && news.for_us);
  EXPECT_EQ(news.sender.address, golden::neighbour.address);
  EXPECT_EQ(news.sender.mac, golden::neighbour.mac);
  Bytes frame = golden::arp_request;
  make_arp_reply(frame, golden::self);
  EXPECT_EQ(frame, golden::arp_reply);
}

TEST(Arp, ReplyTellsWhereItsSenderIs) {
  const NeighbourNews news = read_arp(golden::arp_reply, golden::neighbour);
  EXPECT_TRUE(news.valid);
  EXPECT_FALSE(news.for_us);
  EXPECT_EQ(news.sender.mac, golden::self.mac);
}

TEST(Arp, RequestForAnotherAddressIsNotAnswered) {
  const NeighbourNews news = read_arp(golden::arp_request, {.address = 0x0a4d0003, .mac = {}});
  EXPECT_TRUE(news.valid);
  EXPECT_FALSE(news.for_us);
}

TEST(Arp, AnnouncementIsNewsToTheOthersAndAConflictToItsOwner) {
  Bytes frame(arp_frame_bytes);
  write_arp_announcement(frame, golden::neighbour);
  const NeighbourNews heard = read_arp(frame, golden::self);
  EXPECT_TRUE(heard.valid);
  EXPECT_FALSE(heard.for_us || heard.conflict);
  const Station impostor{.address = golden::neighbour.address, .mac = golden::self.mac};
  EXPECT_TRUE(read_arp(frame, impostor).conflict);
  EXPECT_FALSE(read_arp(frame, impostor).for_us);
}

/// RFC 5227: else the other takes it.
TEST(Arp, DefendsOurAddress) {
  Bytes probe = golden::arp_request;
  std::fill_n(probe.begin() + 28, 4, std::byte{0});
  const NeighbourNews news = read_arp(probe, golden::self);
  EXPECT_TRUE(news.for_us && news.conflict && !news.valid);
  make_arp_reply(probe, golden::self);
  EXPECT_EQ(read_arp(probe, golden::neighbour).sender.mac, golden::self.mac);
  const NeighbourNews of_another = read_arp(golden::arp_request, golden::neighbour);
  EXPECT_FALSE(of_another.for_us);
}

/// Else the answer would go to no station.
TEST(Arp, IsAnsweredToNobodyWhoHasNoAddressAtAll) {
  Bytes probe = golden::arp_request;
  std::fill_n(probe.begin() + 22, 10, std::byte{0});
  const NeighbourNews news = read_arp(probe, golden::self);
  EXPECT_FALSE(news.for_us || news.conflict || news.valid);
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

}  // namespace
}  // namespace muster::dpdk
