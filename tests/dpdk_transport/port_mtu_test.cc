#include "dpdk_transport/port_mtu.h"

#include <gtest/gtest.h>

namespace muster::dpdk {
namespace {

TEST(PortMtu, HasRoomForATagWhereTheDriverCountsIt) {
  constexpr DriverLimits counts{.frame_bytes_max = 9022, .mtu_max = 9000};
  EXPECT_EQ(mtu_max_of(counts, untagged), 9000U);
  EXPECT_EQ(mtu_max_of(counts, 7), 9000U);
  EXPECT_EQ(mtu_of_port(counts, 1500, 7), 1500U);
}

/// Else the NIC would drop full frames, whose tag makes them longer than it was told.
TEST(PortMtu, IsLargerByATagThatTheDriverDoesNotCount) {
  constexpr DriverLimits none{.frame_bytes_max = 9018, .mtu_max = 9000};
  EXPECT_EQ(mtu_of_port(none, 1500, untagged), 1500U);
  EXPECT_EQ(mtu_of_port(none, 1500, 7), 1504U);
  EXPECT_EQ(mtu_max_of(none, untagged), 9000U);
  EXPECT_EQ(mtu_max_of(none, 7), 8996U);
  EXPECT_EQ(mtu_of_port(none, 8996, 7), 9000U);
}

TEST(PortMtu, OfWhoSaysNoneIsWhatItsFramesHold) {
  constexpr DriverLimits tap{.frame_bytes_max = 1522};
  EXPECT_EQ(mtu_max_of(tap, untagged), 1504U);
  EXPECT_EQ(mtu_max_of(tap, 7), 1500U);
  EXPECT_EQ(mtu_of_port(tap, 1500, 7), 1504U);
}

}  // namespace
}  // namespace muster::dpdk
