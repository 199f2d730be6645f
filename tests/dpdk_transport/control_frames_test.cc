#include "dpdk_transport/control_frames.h"

#include <gtest/gtest.h>

#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;

TEST(EchoReply, IsTheRequestTurnedRound) {
  Bytes frame = golden::echo_request;
  make_echo_reply(frame, classify(frame, golden::at_self, {}), golden::self);
  EXPECT_EQ(frame, golden::echo_reply);
}

Bytes written(GroupNews news, IgmpVersion version) {
  Bytes frame(igmp_frame_bytes(version), std::byte{0xee});
  write_group_news(frame, golden::self, golden::group.address.v4(), news, version);
  return frame;
}

TEST(GroupNews, IsWrittenToTheByte) {
  EXPECT_EQ(written(GroupNews::joins, IgmpVersion::v2), golden::group_report);
  EXPECT_EQ(written(GroupNews::is_in, IgmpVersion::v2), golden::group_report);
  EXPECT_EQ(written(GroupNews::leaves, IgmpVersion::v2), golden::group_leave);
  EXPECT_EQ(written(GroupNews::joins, IgmpVersion::v3), golden::group_join_3);
  EXPECT_EQ(written(GroupNews::is_in, IgmpVersion::v3), golden::group_present_3);
  EXPECT_EQ(written(GroupNews::leaves, IgmpVersion::v3), golden::group_leave_3);
}

}  // namespace
}  // namespace muster::dpdk
