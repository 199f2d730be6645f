#include <gtest/gtest.h>

#include "tests/tools/fabric_frames.h"
#include "tools/fabric/frame_info.h"

namespace muster::fabric::test {
namespace {

TEST(FrameInfo, TellsStationsAndThePacketsType) {
  const auto frame = muster_frame(station(2), station(1), wire::Type::advertisement);
  const auto info = inspect(frame);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->destination, station(2));
  EXPECT_EQ(info->source, station(1));
  EXPECT_EQ(info->bytes, frame.size());
  EXPECT_EQ(kind_name(info->kind), "advertisement");
  EXPECT_FALSE(info->multicast);
}

TEST(FrameInfo, TellsGroupsAndBroadcastFromStations) {
  EXPECT_TRUE(inspect(muster_frame(group_mac, station(1)))->multicast);
  EXPECT_TRUE(inspect(muster_frame(0xffffffffffff, station(1)))->multicast);
}

TEST(FrameInfo, ReadsThroughAVlanTag) {
  auto frame = ethernet(group_mac, station(1), 0x8100);
  put(frame, 7, 2);
  put(frame, 0x0800, 2);
  put_udp(frame, muster_payload(wire::Type::join));
  EXPECT_EQ(kind_name(inspect(frame)->kind), "join");
}

TEST(FrameInfo, CallsWhatIsNotMusterOther) {
  auto arp = ethernet(0xffffffffffff, station(1), 0x0806);
  arp.resize(42);
  EXPECT_EQ(inspect(arp)->kind, kind_other);

  auto foreign = ethernet(station(2), station(1), 0x0800);
  put_udp(foreign, std::vector<std::byte>(64));
  EXPECT_EQ(inspect(foreign)->kind, kind_other);

  auto unknown = muster_frame(station(2), station(1), wire::Type{wire::type_last + 1});
  EXPECT_EQ(inspect(unknown)->kind, kind_other);
}

TEST(FrameInfo, CallsALaterFragmentOther) {
  auto frame = muster_frame(station(2), station(1));
  frame[14 + 7] = std::byte{185};  // the fragment's offset
  EXPECT_EQ(inspect(frame)->kind, kind_other);
}

TEST(FrameInfo, IsNothingWithoutAnEthernetHeader) {
  EXPECT_FALSE(inspect(std::vector<std::byte>(13)));
  EXPECT_TRUE(inspect(std::vector<std::byte>(14)));
}

TEST(FrameInfo, SurvivesAFrameCutAnywhere) {
  const auto whole = muster_frame(station(2), station(1));
  for (std::size_t bytes = 14; bytes < whole.size(); ++bytes) {
    // A vector of its own, so that a read past its end is seen by the sanitizer.
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<long>(bytes));
    const bool type_is_there = bytes >= 14 + 20 + 8 + 16;
    EXPECT_EQ(inspect(cut)->kind == kind_other, !type_is_there) << bytes;
  }
}

TEST(FrameInfo, NamesEveryTypeOfPacketOnce) {
  for (PacketKind kind = 0; kind < kind_count; ++kind)
    EXPECT_EQ(kind_named(kind_name(kind)), kind) << kind_name(kind);
  EXPECT_EQ(kind_named("advertisment"), std::nullopt);
  EXPECT_EQ(kind_name(static_cast<PacketKind>(wire::Type::session)), "session");
}

}  // namespace
}  // namespace muster::fabric::test
