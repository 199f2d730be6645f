#include "socket_transport/packet_pool.h"

#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace muster::socket {
namespace {

TEST(PacketPool, HandsOutEachPacketOnceAndThenNone) {
  PacketPool pool(8, 100);
  std::set<Packet*> packets;
  std::set<std::byte*> payloads;
  for (int i = 0; i < 8; ++i) {
    Packet* packet = pool.allocate();
    ASSERT_NE(packet, nullptr);
    EXPECT_EQ(packet->size, 0u);
    EXPECT_EQ(packet->capacity, 100u);
    packets.insert(packet);
    payloads.insert(packet->data);
  }
  EXPECT_EQ(packets.size(), 8u);
  EXPECT_EQ(payloads.size(), 8u);
  EXPECT_EQ(pool.allocate(), nullptr);
}

TEST(PacketPool, TakesAPacketBackWithItsLastReferenceOnly) {
  PacketPool pool(1, 100);
  Packet* packet = pool.allocate();
  pool.retain(*packet);
  pool.release(*packet);
  EXPECT_EQ(pool.allocate(), nullptr);
  pool.release(*packet);
  EXPECT_EQ(pool.allocate(), packet);
}

TEST(PacketPool, PayloadsDoNotShareACacheLine) {
  PacketPool pool(2, 65);
  const auto a = reinterpret_cast<std::uintptr_t>(pool.allocate()->data);
  const auto b = reinterpret_cast<std::uintptr_t>(pool.allocate()->data);
  EXPECT_EQ(a % 64, 0u);
  EXPECT_EQ(b % 64, 0u);
  EXPECT_GE(a > b ? a - b : b - a, 128u);
}

// Every thread writes its mark into the packets that it holds: were one handed to two threads, a
// mark would be another's.
TEST(PacketPool, NeverGivesOnePacketToTwoThreads) {
  constexpr std::uint32_t packets = 16;
  PacketPool pool(packets, 64);
  std::atomic<int> strangers{0};
  const auto work = [&](std::uint32_t mark) {
    std::vector<Packet*> held;
    for (std::uint32_t round = 0; round < 50'000; ++round) {
      if (held.size() < 1 + round % 7) {
        if (Packet* packet = pool.allocate()) {
          packet->size = mark;
          held.push_back(packet);
          continue;
        }
      }
      for (Packet* packet : held) {
        if (packet->size != mark) strangers.fetch_add(1);
        pool.retain(*packet);
        pool.release(*packet);
        pool.release(*packet);
      }
      held.clear();
    }
    for (Packet* packet : held) pool.release(*packet);
  };
  std::vector<std::thread> threads;
  for (std::uint32_t mark = 1; mark <= 4; ++mark) threads.emplace_back(work, mark);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(strangers.load(), 0);
  EXPECT_EQ(pool.available(), packets);
}

TEST(PacketPool, LetsAnotherThreadGiveBackTheLastReference) {
  PacketPool pool(4, 64);
  for (int i = 0; i < 100; ++i) {
    Packet* packet = pool.allocate();
    pool.retain(*packet);
    std::thread other([&] { pool.release(*packet); });
    pool.release(*packet);
    other.join();
  }
  EXPECT_EQ(pool.available(), 4u);
}

}  // namespace
}  // namespace muster::socket
