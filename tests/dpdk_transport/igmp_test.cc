#include "dpdk_transport/igmp.h"

#include <gtest/gtest.h>

#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;

Bytes written(GroupNews news, GroupProtocol protocol) {
  Bytes frame(igmp_frame_bytes(protocol), std::byte{0xee});
  write_igmp(frame, golden::self, golden::group.address.v4(), news, protocol);
  return frame;
}

TEST(Igmp, IsWrittenToTheByte) {
  EXPECT_EQ(written(GroupNews::joins, GroupProtocol::older), golden::group_report);
  EXPECT_EQ(written(GroupNews::is_in, GroupProtocol::older), golden::group_report);
  EXPECT_EQ(written(GroupNews::leaves, GroupProtocol::older), golden::group_leave);
  EXPECT_EQ(written(GroupNews::joins, GroupProtocol::newer), golden::group_join_3);
  EXPECT_EQ(written(GroupNews::is_in, GroupProtocol::newer), golden::group_present_3);
  EXPECT_EQ(written(GroupNews::leaves, GroupProtocol::newer), golden::group_leave_3);
}

}  // namespace
}  // namespace muster::dpdk
