// The data's way asks the heap for nothing.
#include <array>

#include <gtest/gtest.h>

#include "dpdk_transport/dpdk_transport.h"
#include "tests/cluster/support/counted_allocations.h"
#include "tests/dpdk_transport/golden.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

using test::allocations;

TEST(DataPath, AllocatesNothing) {
  const testing::TemporaryFolder folder;
  const auto member = [&](const Station& self, const std::string& role, int device) {
    return DpdkTransportConfig{.eal = testing::eal,
                               .device = testing::memif(role, folder / "s", 0, device),
                               .self = {self.address, 7777},
                               .group = golden::group,
                               .pool_packets = 512};
  };
  DpdkTransport left(member(golden::self, "server", 0));
  DpdkTransport right(member(golden::neighbour, "client", 1));
  ASSERT_TRUE(testing::eventually([&] { return left.link_up() && right.link_up(); }));

  std::array<Packet*, 32> burst{};
  std::uint64_t received = 0;
  const std::size_t before = allocations;
  for (int round = 0; round < 1000; ++round) {
    for (const Endpoint& peer : {golden::group, right.self(), Endpoint{0x0a4d0063, 7777}}) {
      Packet* packet = left.allocate();
      if (packet == nullptr) continue;
      packet->peer = peer;
      left.retain(*packet);
      left.transmit(*packet);
      left.release(*packet);
    }
    left.flush();
    const std::size_t count = right.receive(burst);
    for (std::size_t i = 0; i < count; ++i) right.release(*burst[i]);
    received += count;
    right.flush();
    left.receive({});
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GE(received, 900U);
}

}  // namespace
}  // namespace muster::dpdk
