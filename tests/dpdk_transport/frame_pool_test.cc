#include "dpdk_transport/frame_pool.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

TEST(FramePools, LeaveNoGapsBetweenTheirFrames) {
  start_eal(testing::eal);
  constexpr std::size_t frames = 512;
  FramePool pool(frames, 64);
  std::vector<Frame*> held;
  std::vector<const std::byte*> places;
  while (Frame* frame = pool.allocate()) {
    held.push_back(frame);
    places.push_back(bytes(*frame).data());
  }
  EXPECT_EQ(held.size(), frames);
  std::ranges::sort(places);
  for (std::size_t i = 2; i < places.size(); ++i)
    ASSERT_EQ(places[i] - places[i - 1], places[1] - places[0]) << "frame " << i;
  EXPECT_LT(places[1] - places[0], 2560) << "2048 bytes and what describes them";
  for (Frame* frame : held) free_frame(frame);
}

TEST(FramePools, HoldTheFramesOfTheirMtu) {
  start_eal(testing::eal);
  EXPECT_EQ(frame_bytes_for(1500), 2048U);
  EXPECT_EQ(frame_bytes_for(2000), 3072U) << "the kernel's ring keeps 66 bytes of 2048 to itself";
  EXPECT_EQ(frame_bytes_for(9000), 9216U);
  for (const std::uint32_t mtu : {mtu_min, mtu_default, 1942U, 1943U, 2000U, mtu_max}) {
    FramePool pool(16, 64, FramePool::Reader::software, frame_bytes_for(mtu));
    Frame* frame = pool.allocate();
    EXPECT_TRUE(resize(*frame, mtu + link_bytes_max)) << mtu;
    EXPECT_TRUE(resize(*frame, pool.frame_bytes_max())) << mtu;
    EXPECT_FALSE(resize(*frame, pool.frame_bytes_max() + 1)) << mtu;
    free_frame(frame);
  }
}

/// One in two buffers, of which the first is filled as far as a NIC that knows powers of two does.
Frame* in_pieces(FramePool& pool, std::size_t of_second) {
  Frame* first = pool.allocate();
  Frame* second = pool.allocate();
  EXPECT_TRUE(resize(*first, 8192) && resize(*second, of_second));
  std::ranges::fill(bytes(*first), std::byte{1});
  std::ranges::fill(bytes(*second), std::byte{2});
  EXPECT_EQ(rte_pktmbuf_chain(first, second), 0);
  return first;
}

TEST(FramePools, BringTogetherWhatCameInPieces) {
  start_eal(testing::eal);
  FramePool pool(16, 64, FramePool::Reader::software, frame_bytes_for(9000));
  Frame* frame = in_pieces(pool, 826);
  ASSERT_TRUE(join(*frame));
  ASSERT_EQ(bytes(*frame).size(), 9018U);
  EXPECT_EQ(std::ranges::count(bytes(*frame), std::byte{1}), 8192);
  EXPECT_EQ(bytes(*frame).back(), std::byte{2});
  EXPECT_EQ(pool.available(), 15U);
  Frame* too_long = in_pieces(pool, 1025);
  EXPECT_FALSE(join(*too_long));
  EXPECT_EQ(frame_bytes(*too_long), 9217U);
  free_frame(frame);
  free_frame(too_long);
  EXPECT_EQ(pool.available(), 16U);
}

/// Of a node that no machine has, the pool lies somewhere else, and says so.
TEST(FramePools, LieAnywhereWhereTheirNodeHasNoMemory) {
  start_eal(testing::eal);
  constexpr int nowhere = 1000;
  FramePool pool(16, 64, FramePool::Reader::software, frame_bytes_for(mtu_default), nowhere);
  EXPECT_FALSE(pool.is_near());
  Frame* frame = pool.allocate();
  ASSERT_NE(frame, nullptr);
  free_frame(frame);
  EXPECT_TRUE(FramePool(16).is_near());
}

}  // namespace
}  // namespace muster::dpdk
