// Frames that end with a piece of a message, from one member to another by a memif.
#include "dpdk_transport/message_pieces.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include "dpdk_transport/dpdk_transport.h"
#include "tests/dpdk_transport/golden.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

using testing::eventually;
using testing::memif;

class JumboMembers : public ::testing::Test {
 protected:
  static DpdkTransportConfig config(const std::string& device, const Station& self,
                                    std::uint32_t mtu = 9000) {
    return {.eal = testing::eal,
            .device = device,
            .self = {self.address, 7777},
            .group = golden::group,
            .mtu = mtu,
            .pool_packets = 512,
            .udp_checksum = UdpChecksum::always};
  }

  void SetUp() override {
    ASSERT_TRUE(eventually([&] { return left_.link_up() && right_.link_up(); }));
    std::array<Packet*, 1> none{};
    EXPECT_EQ(right_.receive(none), 0U);  // a memif client makes room for frames when it polls
    ASSERT_NE(left_.lendable_memory(), nullptr);
    memory_ = HeldMemory(MessageMemory::lendable(*left_.lendable_memory(), message_bytes));
    ASSERT_TRUE(memory_);
    std::size_t number = 0;
    for (std::byte& byte : memory_->bytes()) byte = std::byte(number++ % 251);
  }

  /// With so many bytes of its own before the piece.
  Packet& packet_with(std::size_t own, std::span<const std::byte> piece, const Endpoint& peer) {
    Packet* packet = left_.allocate();
    if (packet == nullptr) throw std::runtime_error("no packet");
    std::fill_n(packet->data, own, std::byte{0xaa});
    packet->size = static_cast<std::uint32_t>(own);
    packet->peer = peer;
    EXPECT_TRUE(left_.attach(*packet, piece, *memory_));
    return *packet;
  }
  static std::vector<std::byte> expected(std::size_t own, std::span<const std::byte> piece) {
    std::vector<std::byte> bytes(own, std::byte{0xaa});
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return bytes;
  }
  std::vector<std::byte> heard() {
    std::array<Packet*, 1> burst{};
    if (!eventually([&] { return right_.receive(burst) == 1; })) return {};
    const auto payload = burst[0]->payload();
    std::vector<std::byte> bytes(payload.begin(), payload.end());
    right_.release(*burst[0]);
    return bytes;
  }

  static constexpr std::size_t message_bytes = 100'000;
  TemporaryFolder folder_;
  DpdkTransport left_{config(memif("server", folder_ / "s", 0, 0), golden::self)};
  DpdkTransport right_{config(memif("client", folder_ / "s", 0, 1), golden::neighbour)};
  HeldMemory memory_;
};

TEST_F(JumboMembers, HearWhatWasAttachedWithChecksumsThatAreRight) {
  for (const std::size_t own : {100U, 101U}) {
    for (const std::size_t size : {2048U, 4001U}) {
      const auto piece = memory_->bytes().subspan(own, size);
      left_.transmit(packet_with(own, piece, golden::group));
      left_.flush();
      EXPECT_EQ(heard(), expected(own, piece)) << own << ", " << size;
    }
  }
  EXPECT_EQ(right_.stats().bad_checksum + right_.stats().malformed, 0U);
}

TEST_F(JumboMembers, HoldTheMemoryWhileThePacketMayBeSentAgain) {
  const auto piece = memory_->bytes().first(4000);
  Packet& packet = packet_with(60, piece, golden::group);
  left_.retain(packet);  // as for a retransmission
  left_.transmit(packet);
  left_.flush();
  EXPECT_EQ(heard(), expected(60, piece));
  EXPECT_FALSE(memory_->is_held_once());
  left_.transmit(packet);
  left_.flush();
  EXPECT_EQ(heard(), expected(60, piece));
  EXPECT_TRUE(memory_->is_held_once());  // this port copies what it sends
}

TEST_F(JumboMembers, CopyAllOfItForAnotherReceiver) {
  const auto piece = memory_->bytes().first(4000);
  Packet& packet = packet_with(60, piece, golden::group);
  left_.retain(packet);
  left_.transmit(packet);
  packet.peer.port = 7778;  // its headers would change while it may wait in the port
  left_.retain(packet);
  left_.transmit(packet);
  packet.peer = golden::group;
  left_.transmit(packet);
  left_.flush();
  EXPECT_EQ(heard(), expected(60, piece));
  EXPECT_EQ(heard(), expected(60, piece));
}

TEST_F(JumboMembers, AttachNoMoreThanTheyHavePiecesFor) {
  std::vector<Packet*> packets;
  bool refused = false;
  while (!refused) {
    Packet* packet = left_.allocate();
    ASSERT_NE(packet, nullptr);
    packets.push_back(packet);
    refused = !left_.attach(*packet, memory_->bytes().first(2048), *memory_);
    EXPECT_EQ(packet->tail_size, refused ? 0U : 2048U);
  }
  EXPECT_GT(packets.size(), 100U);
  for (Packet* packet : packets) left_.release(*packet);
  EXPECT_TRUE(memory_->is_held_once());
}

TEST_F(JumboMembers, LendNotWhatPortsMayStillNeed) {
  LendableMemory& source = *left_.lendable_memory();
  std::vector<HeldMemory> all;
  constexpr std::size_t mebi = 1 << 20;
  for (;;) {
    HeldMemory some(MessageMemory::lendable(source, mebi));
    if (!some) break;
    all.push_back(std::move(some));
  }
  DpdkTransport third(config(memif("server", folder_ / "t", 0, 2), golden::self, mtu_default));
  EXPECT_NE(third.allocate(), nullptr);
}

/// Drivers give back segment by segment, in any order, while others hold the packet still.
TEST_F(JumboMembers, LetGoOfTheMemoryOnceWhoeverIsLast) {
  FramePool pool(64);
  const auto pieces = MessagePieces::open(64, FramePool::Reader::software, {});
  ASSERT_NE(pieces, nullptr);
  HeldMemory memory(MessageMemory::lendable(*pieces, 1 << 20));
  ASSERT_TRUE(memory);
  constexpr int rounds = 20'000;
  Frame* head = nullptr;
  Frame* tail = nullptr;
  std::barrier turn(4);
  const auto holder = [&](auto gives_back) {
    return std::jthread([&, gives_back] {
      for (int round = 0; round < rounds; ++round) {
        turn.arrive_and_wait();  // the frame is there
        gives_back(head, tail);
        turn.arrive_and_wait();
      }
    });
  };
  const auto forwards = holder([](Frame* first, Frame* second) {
    rte_pktmbuf_free_seg(first);
    rte_pktmbuf_free_seg(second);
  });
  const auto backwards = holder([](Frame* first, Frame* second) {
    rte_pktmbuf_free_seg(second);
    rte_pktmbuf_free_seg(first);
  });
  const auto keeps = holder([](Frame* first, Frame*) {
    rte_pktmbuf_refcnt_update(first, 1);
    free_frame(first);
    free_frame(first);
  });
  for (int round = 0; round < rounds; ++round) {
    head = pool.allocate();
    ASSERT_TRUE(head != nullptr && pieces->attach(*head, memory->bytes().first(4000), *memory));
    tail = head->next;
    rte_pktmbuf_refcnt_update(head, 2);
    turn.arrive_and_wait();
    turn.arrive_and_wait();
    ASSERT_TRUE(memory->is_held_once()) << round;
  }
  EXPECT_EQ(pool.available(), pool.size());
}

TEST(Pieces, OfDevicesLieInOnePage) {
  constexpr std::size_t page = 4096;
  alignas(page) static std::byte memory[2 * page];
  const std::span<const std::byte> all(memory);
  EXPECT_TRUE(lies_in_one_page(all.first(page), page));
  EXPECT_TRUE(lies_in_one_page(all.subspan(page - 1, 1), page));
  EXPECT_FALSE(lies_in_one_page(all.subspan(page - 1, 2), page));
  EXPECT_FALSE(lies_in_one_page(all.subspan(1, page), page));
  EXPECT_TRUE(lies_in_one_page(all, never_ends));
  // The tests' own EAL has ordinary ones.
  start_eal(testing::eal);
  EXPECT_EQ(MessagePieces::open(64, FramePool::Reader::device, {}), nullptr);
}

TEST(MembersWithoutJumboFrames, CopyAllTheySend) {
  const TemporaryFolder folder;
  const DpdkTransportConfig config{.eal = testing::eal,
                                   .device = memif("server", folder / "s", 0, 0),
                                   .self = {golden::self.address, 7777},
                                   .group = golden::group,
                                   .pool_packets = 512};
  EXPECT_EQ(DpdkTransport(config).lendable_memory(), nullptr);
}

}  // namespace
}  // namespace muster::dpdk
