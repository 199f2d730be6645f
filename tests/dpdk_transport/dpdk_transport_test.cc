#include "dpdk_transport/dpdk_transport.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/dpdk_transport/golden6.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

using testing::eventually;
using testing::memif;
using testing::Peer;
using testing::TemporaryFolder;

constexpr std::uint32_t pool_packets = 1024;

DpdkTransportConfig config(const std::string& device, const Station& self) {
  return {.eal = testing::eal,
          .device = device,
          .self = {self.address, 7777},
          .group = golden::group,
          .pool_packets = pool_packets};
}

Packet& packet_with(Transport& transport, std::string_view text, const Endpoint& peer) {
  Packet* packet = transport.allocate();
  if (packet == nullptr) throw std::runtime_error("no packet");
  std::memcpy(packet->data, text.data(), text.size());
  packet->size = static_cast<std::uint32_t>(text.size());
  packet->peer = peer;
  return *packet;
}

std::string_view text_of(const Packet& packet) {
  return {reinterpret_cast<const char*>(packet.data), packet.size};
}

/// The next packet that comes, or nullptr after a while.
Packet* receive_one(Transport& transport) {
  std::array<Packet*, 1> burst{};
  eventually([&] { return transport.receive(burst) == 1; });
  return burst[0];
}

/// Nothing more is on its way within a process: a few empty bursts say so.
void drain(Transport& transport) {
  std::array<Packet*, 32> burst{};
  for (int empty = 0; empty < 3;) {
    const std::size_t count = transport.receive(burst);
    for (std::size_t i = 0; i < count; ++i) transport.release(*burst[i]);
    empty = count == 0 ? empty + 1 : 0;
  }
  transport.flush();
}

/// Two members, joined by a memif within this process.
class TwoMembers : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(eventually([&] { return left_.link_up() && right_.link_up(); }));
    drain(right_);  // a memif client makes room for frames when it polls
    drain(left_);
    left_before_ = left_.stats();
  }
  /// Each knows the other's Ethernet address: left from the announcement, right from a datagram.
  void meet() {
    left_.transmit(packet_with(left_, "here I am", golden::group));
    left_.flush();
    drain(right_);
    left_before_ = left_.stats();
  }
  /// Datagrams and all else that left's port took since they met.
  std::uint64_t sent_by_left() const { return left_.stats().sent - left_before_.sent; }
  /// All that is on its way, or waits at left for room.
  std::vector<std::string> received_by_right() {
    std::vector<std::string> texts;
    std::array<Packet*, 32> burst{};
    while (const std::size_t some = right_.receive(burst)) {
      for (Packet* packet : std::span(burst).first(some)) {
        texts.emplace_back(text_of(*packet));
        right_.release(*packet);
      }
      left_.flush();
    }
    return texts;
  }

  TemporaryFolder folder_;
  DpdkTransport left_{config(memif("server", folder_ / "s", 0, 0), golden::self)};
  DpdkTransport right_{config(memif("client", folder_ / "s", 0, 1), golden::neighbour)};
  DpdkTransportStats left_before_;
};

TEST(DpdkTransport, CarriesIpv6) {
  const TemporaryFolder folder;
  const auto member = [&](const char* role, int number, const Station& station) {
    DpdkTransportConfig six = config(memif(role, folder / "s", 0, number), station);
    six.group = golden6::group;
    return std::make_unique<DpdkTransport>(six);
  };
  const auto left = member("server", 0, golden6::self);
  const auto right = member("client", 1, golden6::neighbour);
  ASSERT_TRUE(eventually([&] { return left->link_up() && right->link_up(); }));
  EXPECT_EQ(left->payload_bytes_max(), 1452U);
  drain(*right);
  drain(*left);
  // Right has heard no more of left than what announces it, and asks for nobody.
  const std::string full(left->payload_bytes_max(), 'x');
  for (const Endpoint& to : {golden6::group, right->self()}) {
    left->transmit(packet_with(*left, full, to));
    left->flush();
    Packet* got = receive_one(*right);
    ASSERT_NE(got, nullptr) << to_string(to);
    EXPECT_EQ(text_of(*got), full);
    EXPECT_EQ(got->peer, left->self());
    right->release(*got);
  }
  EXPECT_EQ(left->stats().neighbour_requests, 0U);
  EXPECT_EQ(right->stats().malformed + right->stats().bad_checksum, 0U);
}

TEST_F(TwoMembers, ExchangeUnicast) {
  meet();
  left_.transmit(packet_with(left_, "ping", right_.self()));
  left_.flush();
  Packet* ping = receive_one(right_);
  ASSERT_NE(ping, nullptr);
  EXPECT_EQ(text_of(*ping), "ping");
  EXPECT_EQ(ping->peer, left_.self());
  right_.transmit(*ping);  // a received packet may be sent on as it is
  right_.flush();
  Packet* pong = receive_one(left_);
  ASSERT_NE(pong, nullptr);
  EXPECT_EQ(text_of(*pong), "ping");
  EXPECT_EQ(pong->peer, right_.self());
  left_.release(*pong);
}

TEST_F(TwoMembers, HearTheirGroup) {
  left_.transmit(packet_with(left_, "to all", golden::group));
  left_.flush();
  Packet* packet = receive_one(right_);
  ASSERT_NE(packet, nullptr);
  EXPECT_EQ(text_of(*packet), "to all");
  EXPECT_EQ(packet->peer, left_.self());
  right_.release(*packet);
}

TEST_F(TwoMembers, LearnAddressesFromDatagramsToo) {
  // Only the group's datagram goes from left to right before right answers.
  left_.transmit(packet_with(left_, "hello", golden::group));
  left_.flush();
  Packet* hello = receive_one(right_);
  ASSERT_NE(hello, nullptr);
  right_.transmit(*hello);
  right_.flush();
  Packet* back = receive_one(left_);
  ASSERT_NE(back, nullptr);
  left_.release(*back);
  EXPECT_EQ(right_.stats().unresolved, 0U);
}

TEST_F(TwoMembers, CarryEveryLength) {
  meet();
  const std::string text(left_.payload_bytes_max(), 'x');
  for (const std::size_t size : {0U, 1U, 17U, 18U, 19U, 255U, 1471U, 1472U}) {
    left_.transmit(packet_with(left_, std::string_view(text).substr(0, size), right_.self()));
    left_.flush();
    Packet* packet = receive_one(right_);
    ASSERT_NE(packet, nullptr) << size;
    EXPECT_EQ(packet->size, size);
    right_.release(*packet);
  }
  EXPECT_EQ(right_.stats().bad_checksum, 0U);
}

TEST_F(TwoMembers, RefuseWhatDoesNotFit) {
  meet();
  Packet* packet = left_.allocate();
  packet->size = left_.payload_bytes_max() + 1;
  packet->peer = right_.self();
  left_.transmit(*packet);
  EXPECT_EQ(left_.stats().oversize, 1U);
}

TEST_F(TwoMembers, SendAKeptPacketAgain) {
  meet();
  Packet& packet = packet_with(left_, "again", right_.self());
  for (int i = 0; i < 3; ++i) {
    left_.retain(packet);
    packet.peer = right_.self();
    left_.transmit(packet);
  }
  packet.peer = golden::group;  // queued still, and now its headers would change
  left_.transmit(packet);
  left_.flush();
  for (int i = 0; i < 4; ++i) {
    Packet* received = receive_one(right_);
    ASSERT_NE(received, nullptr) << i;
    EXPECT_EQ(text_of(*received), "again");
    right_.release(*received);
  }
  EXPECT_EQ(right_.stats().bad_checksum, 0U);
  EXPECT_EQ(sent_by_left(), 4U);
}

TEST_F(TwoMembers, KeepAReceivedPacketUntilItsLastRelease) {
  left_.transmit(packet_with(left_, "kept", golden::group));
  left_.flush();
  Packet* kept = receive_one(right_);
  ASSERT_NE(kept, nullptr);
  right_.retain(*kept);
  right_.release(*kept);
  for (int i = 0; i < 2000; ++i) {
    left_.transmit(packet_with(left_, "over it", golden::group));
    left_.flush();
    drain(right_);
  }
  EXPECT_EQ(text_of(*kept), "kept");
  right_.release(*kept);
}

TEST_F(TwoMembers, SurviveAnEmptyPool) {
  meet();
  std::vector<Packet*> packets;
  while (Packet* packet = left_.allocate()) packets.push_back(packet);
  EXPECT_GT(packets.size(), pool_packets / 2);
  EXPECT_GE(left_.stats().no_buffer, 1U);
  left_.transmit(*packets.back());  // its peer is nobody: no buffer to ask with
  packets.pop_back();
  for (Packet* packet : packets) left_.release(*packet);
  left_.transmit(packet_with(left_, "better", right_.self()));
  left_.flush();
  Packet* packet = receive_one(right_);
  ASSERT_NE(packet, nullptr);
  right_.release(*packet);
}

TEST_F(TwoMembers, CountWhatAFullRingDoesNotTake) {
  meet();
  constexpr std::uint64_t count = 900;  // more than the ring holds
  for (std::uint64_t i = 0; i < count; ++i)
    left_.transmit(packet_with(left_, "flood", right_.self()));
  left_.flush();
  const std::uint64_t dropped = left_.stats().tx_full - left_before_.tx_full;
  EXPECT_GT(dropped, 0U);
  EXPECT_LT(sent_by_left() + dropped, count) << "some wait for room";
  EXPECT_EQ(received_by_right().size(), count - dropped);
  EXPECT_EQ(sent_by_left() + dropped, count);
}

/// I12: whoever publishes faster than the port takes must not fall silent for it.
TEST_F(TwoMembers, SpareWhatIsNotExpendable) {
  meet();
  const std::array<std::string, 4> heartbeats{"heartbeat 1", "heartbeat 2", "heartbeat 3",
                                              "heartbeat 4"};
  for (const std::string& heartbeat : heartbeats) {
    for (int i = 0; i < 900; ++i) {  // more than the ring holds
      Packet& tick = packet_with(left_, "tick", right_.self());
      tick.expendable = true;
      left_.transmit(tick);
    }
    left_.transmit(packet_with(left_, heartbeat, golden::group));
    left_.flush();
  }
  EXPECT_GT(left_.stats().tx_spared, 0U);
  EXPECT_EQ(left_.stats().tx_full, left_before_.tx_full);
  const std::vector<std::string> received = received_by_right();
  for (const std::string& heartbeat : heartbeats)
    EXPECT_EQ(std::ranges::count(received, heartbeat), 1) << heartbeat;
  EXPECT_EQ(received.size(), sent_by_left());
}

TEST_F(TwoMembers, GiveBackWhatWaitsForRoom) {
  meet();
  const std::uint32_t in_use = left_.packets_in_use();
  for (int i = 0; i < 900; ++i) left_.transmit(packet_with(left_, "flood", right_.self()));
  left_.flush();
  received_by_right();
  EXPECT_TRUE(eventually([&] {
    left_.flush();
    return left_.packets_in_use() <= in_use;
  })) << left_.packets_in_use();
}

TEST_F(TwoMembers, ReleaseOnAnyThread) {
  std::array<Packet*, 32> burst{};
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 16; ++i) left_.transmit(packet_with(left_, "there", golden::group));
    left_.flush();
    std::size_t count = 0;
    ASSERT_TRUE(eventually([&] {
      count += right_.receive(std::span(burst).subspan(count));
      return count >= 16;
    }));
    std::thread([&] {
      for (std::size_t i = 0; i < count; ++i) right_.release(*burst[i]);
    }).join();
  }
}

TEST(DpdkTransport, TalksToAnotherProcessAndOutlivesIt) {
  const TemporaryFolder folder;
  DpdkTransport transport(config(memif("server", folder / "s"), golden::self));
  EXPECT_FALSE(transport.link_up());
  for (int life = 0; life < 2; ++life) {
    Peer peer({"echo", memif("client", folder / "s"), "0x0a4d0002"});
    ASSERT_EQ(peer.line(), "ready");
    ASSERT_TRUE(eventually([&] { return transport.link_up(); }));
    // The first datagrams may be lost to an address that is not known yet.
    Packet* echo = nullptr;
    ASSERT_TRUE(eventually([&] {
      transport.transmit(packet_with(transport, "echo", {0x0a4d0002, 7777}));
      transport.flush();
      std::array<Packet*, 1> burst{};
      if (transport.receive(burst) == 1) echo = burst[0];
      return echo != nullptr;
    }));
    EXPECT_EQ(text_of(*echo), "echo");
    transport.release(*echo);
    peer.kill_hard();
    ASSERT_TRUE(eventually([&] {
      drain(transport);
      return !transport.link_up();
    }));
    transport.flush();  // what waits for room is dropped now
    const std::uint64_t down = transport.stats().link_down;
    transport.transmit(packet_with(transport, "anybody", golden::group));
    transport.flush();
    EXPECT_EQ(transport.stats().link_down, down + 1);
  }
}

}  // namespace
}  // namespace muster::dpdk
