// A port of the kernel's with two queues, which the kernel fills by its hash of each datagram.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "dpdk_transport/headers.h"
#include "dpdk_transport/raw_port.h"
#include "tests/dpdk_transport/framed.h"
#include "tests/dpdk_transport/golden.h"
#include "tests/dpdk_transport/support.h"
#include "tests/e2e/segment.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;
using testing::eventually;

constexpr int senders = 32;
constexpr int rounds = 3;

/// From as many members, one datagram each.
Bytes datagram_of(int sender) {
  const Endpoint source{golden::neighbour.address.v4() + static_cast<std::uint32_t>(sender), 7777};
  return testing::framed(UdpFramer(source, golden::neighbour.mac, {}), Bytes(32), golden::self.mac,
                         golden::self_endpoint);
}

bool send(RawPort& port, FramePool& pool, const Bytes& content, std::uint16_t queue) {
  Frame* frame = pool.allocate();
  if (frame == nullptr || !resize(*frame, content.size())) return false;
  std::ranges::copy(content, bytes(*frame).begin());
  std::array<Frame*, 1> burst = {frame};
  if (eventually([&] { return port.send(burst, queue) == 1; })) return true;
  free_frame(frame);
  return false;
}

/// Sources of the datagrams that have come to a queue; the kernel says something of its own too.
std::vector<IpAddress> sources(RawPort& port, std::uint16_t queue) {
  std::vector<IpAddress> all;
  std::array<Frame*, 32> burst{};
  const std::size_t count = port.receive(burst, queue);
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes content(bytes(*burst[i]).begin(), bytes(*burst[i]).end());
    free_frame(burst[i]);
    if (content.size() < golden::headers_bytes) continue;
    const auto& headers = header_at<golden::Headers>(std::span(content), 0);
    if (headers.ethernet.source == golden::neighbour.mac)
      all.emplace_back(std::uint32_t{headers.ip.source});
  }
  return all;
}

TEST(AfPacketQueues, ShareWhatComesByItsSender) {
  e2e::ip("link add left type veth peer name right");
  for (const char* name : {"left", "right"}) e2e::ip(std::string("link set dev ") + name + " up");
  start_eal(testing::eal);
  FramePool pool(4096);
  RawPort left({.device = "net_af_packet0,iface=left"}, pool);
  RawPort right({.device = "net_af_packet1,iface=right", .queues = 2}, pool);
  ASSERT_EQ(left.queues(), 1);
  ASSERT_EQ(right.queues(), 2);
  ASSERT_TRUE(eventually([&] { return left.link_up() && right.link_up(); }));

  for (int round = 0; round < rounds; ++round)
    for (int sender = 0; sender < senders; ++sender)
      ASSERT_TRUE(send(left, pool, datagram_of(sender), 0));
  std::array<std::map<IpAddress, int>, 2> came;
  int all = 0;
  EXPECT_TRUE(eventually([&] {
    for (const std::uint16_t queue : {std::uint16_t{0}, std::uint16_t{1}})
      for (const IpAddress& source : sources(right, queue)) ++came[queue][source], ++all;
    return all == senders * rounds;
  })) << all;
  for (const auto& queue : came) {
    EXPECT_GT(queue.size(), 4U) << "of 32 senders";
    for (const auto& [source, count] : queue) EXPECT_EQ(count, rounds) << to_string(source);
  }

  // Each sends.
  for (const std::uint16_t queue : {std::uint16_t{0}, std::uint16_t{1}}) {
    ASSERT_TRUE(send(right, pool, datagram_of(queue), queue));
    EXPECT_TRUE(eventually([&] {
      const auto heard = sources(left, 0);
      return std::ranges::count(heard, golden::neighbour.address.v4() + queue) == 1;
    })) << queue;
  }
}

}  // namespace
}  // namespace muster::dpdk

int main(int argc, char** argv) {
  using muster::e2e::Rights;
  constexpr int skipped = 77;  // Meson's word for it
  testing::InitGoogleTest(&argc, argv);
  if (muster::e2e::enter_own_network() == Rights::none) {
    std::fputs("skipped: this user may make no network namespaces: run it as root\n", stderr);
    return skipped;
  }
  return RUN_ALL_TESTS();
}
