// Two members by a memif, each with its own word on how long packets may be.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dpdk_transport/dpdk_transport.h"
#include "tests/dpdk_transport/golden.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

using testing::eventually;
using testing::memif;

DpdkTransportConfig config(const std::string& device, const Station& self, std::uint32_t mtu) {
  return {.eal = testing::eal,
          .device = device,
          .self = {self.address, 7777},
          .group = golden::group,
          .mtu = mtu,
          .pool_packets = 1024,
          .udp_checksum = UdpChecksum::always};
}

class Pair {
 public:
  Pair(std::uint32_t left_mtu, std::uint32_t right_mtu)
      : left(config(memif("server", folder_ / "s", 0, 0), golden::self, left_mtu)),
        right(config(memif("client", folder_ / "s", 0, 1), golden::neighbour, right_mtu)) {
    EXPECT_TRUE(eventually([&] { return left.link_up() && right.link_up(); }));
    receive(right);  // a memif client makes room for frames when it polls
  }

  /// To the group, which needs no address of Ethernet.
  void send(Transport& from, const std::string& text) {
    Packet* packet = from.allocate();
    ASSERT_NE(packet, nullptr);
    ASSERT_GE(packet->capacity, text.size());
    std::memcpy(packet->data, text.data(), text.size());
    packet->size = static_cast<std::uint32_t>(text.size());
    packet->peer = golden::group;
    from.transmit(*packet);
    from.flush();
  }
  /// The next packet's bytes; empty where none comes.
  std::string receive(Transport& to) {
    std::array<Packet*, 1> burst{};
    if (!eventually([&] { return to.receive(burst) == 1; }, testing::milliseconds(500))) return {};
    std::string text(reinterpret_cast<const char*>(burst[0]->data), burst[0]->size);
    EXPECT_LE(burst[0]->size, burst[0]->capacity);
    to.release(*burst[0]);
    return text;
  }

 private:
  TemporaryFolder folder_;

 public:
  DpdkTransport left;
  DpdkTransport right;
};

TEST(Mtu, IsHowLongAPacketMayBe) {
  Pair pair(9000, 9000);
  EXPECT_EQ(pair.left.payload_bytes_max(), 8972U);
  for (const std::size_t size : {1472U, 1473U, 2049U, 8971U, 8972U}) {
    std::string text(size, 'x');
    text.back() = 'e';
    pair.send(pair.left, text);
    EXPECT_EQ(pair.receive(pair.right), text) << size;
    pair.send(pair.right, text);
    EXPECT_EQ(pair.receive(pair.left), text) << size;
  }
  EXPECT_EQ(pair.right.stats().bad_checksum + pair.right.stats().too_long, 0U);
  Packet* packet = pair.left.allocate();
  packet->size = 8973;
  packet->peer = golden::group;
  pair.left.transmit(*packet);
  EXPECT_EQ(pair.left.stats().oversize, 1U);
}

TEST(Mtu, OfAReceiverDropsAndCountsWhatIsLonger) {
  Pair pair(9000, 1500);
  // One that would fit a buffer, and two that come in pieces.
  for (const std::size_t size : {1473U, 3000U, 8972U}) pair.send(pair.left, std::string(size, 'x'));
  pair.send(pair.left, std::string(1472, 'y'));
  EXPECT_EQ(pair.receive(pair.right), std::string(1472, 'y'));
  EXPECT_EQ(pair.right.stats().too_long, 3U);
  EXPECT_EQ(pair.right.stats().malformed, 0U);
  // And what lies behind a buffer is as it was: the next one.
  std::vector<Packet*> all;
  while (Packet* packet = pair.right.allocate()) {
    std::memset(packet->data, 0, packet->capacity);
    all.push_back(packet);
  }
  for (Packet* packet : all) pair.right.release(*packet);
  pair.send(pair.right, "short");
  EXPECT_EQ(pair.receive(pair.left), "short");
}

TEST(Mtu, OfAClientIsNoLargerThanThatOfItsServer) {
  TemporaryFolder folder;
  DpdkTransport server(config(memif("server", folder / "s", 0, 0), golden::self, 1500));
  try {
    DpdkTransport client(config(memif("client", folder / "s", 0, 1), golden::neighbour, 9000));
    FAIL() << "it has started";
  } catch (const StartError& error) {
    const std::string said = error.what();
    for (const char* part : {"carries packets of 1500 bytes", "mtu is 9000", "--mtu 9000"})
      EXPECT_NE(said.find(part), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace muster::dpdk
