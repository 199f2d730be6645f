#include "dpdk_transport/port_events.h"

#include <gtest/gtest.h>

namespace muster::dpdk {
namespace {

TEST(PortEvents, AreTakenOnce) {
  PortEvents events(0, "0000:00:00.0");
  EXPECT_FALSE(events.take_change());
  events.link_changed();
  EXPECT_TRUE(events.take_change());
  EXPECT_FALSE(events.take_change());
  EXPECT_FALSE(events.removed());
  events.was_removed();
  EXPECT_TRUE(events.removed());
}

}  // namespace
}  // namespace muster::dpdk
