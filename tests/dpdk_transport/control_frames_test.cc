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

TEST(GroupReport, IsWrittenToTheByte) {
  Bytes frame(igmp_frame_bytes, std::byte{0xee});
  write_group_report(frame, golden::self, golden::group.address);
  EXPECT_EQ(frame, golden::group_report);
}

TEST(GroupLeave, IsWrittenToTheByte) {
  Bytes frame(igmp_frame_bytes, std::byte{0xee});
  write_group_leave(frame, golden::self, golden::group.address);
  EXPECT_EQ(frame, golden::group_leave);
}

}  // namespace
}  // namespace muster::dpdk
