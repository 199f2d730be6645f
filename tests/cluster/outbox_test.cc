#include "cluster/outbox.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/memory_port.h"

namespace muster {
namespace {

using wire::Type;

struct OutboxReserve : testing::Test {
  /// From now on nobody gets a packet that is not given back first.
  void take_all() { port.set_packets_max(port.alive()); }
  /// Opens packets of a type until there are none, and keeps them.
  std::size_t open_all(Type type) {
    std::size_t opened = 0;
    for (; Packet* packet = outbox->open(type); ++opened) held.push_back(packet);
    return opened;
  }
  void TearDown() override {
    outbox.reset();
    for (Packet* packet : held) port.release(*packet);
    EXPECT_EQ(port.alive(), 0U) << "packets leaked";
  }

  test::MemoryPort port;
  std::optional<Outbox> outbox{std::in_place, port, Sender{}};
  std::vector<Packet*> held;
};

TEST_F(OutboxReserve, IsForMembershipOnly) {
  outbox->top_up();
  EXPECT_EQ(outbox->reserved(), Outbox::reserve_packets);
  take_all();
  for (const Type type : {Type::unsupported_version, Type::advertisement, Type::sync_request,
                          Type::sync_answer, Type::session})
    EXPECT_EQ(outbox->open(type), nullptr);
  EXPECT_EQ(outbox->exhausted(), 5U);
  for (const Type type : {Type::heartbeat, Type::probe, Type::probe_ack, Type::leave}) {
    Packet* packet = outbox->open(type);
    ASSERT_NE(packet, nullptr);
    held.push_back(packet);
    EXPECT_EQ(reinterpret_cast<const wire::Header*>(packet->data)->type,
              static_cast<std::uint8_t>(type));
    EXPECT_EQ(packet->size, sizeof(wire::Header));
  }
}

TEST_F(OutboxReserve, KeepsItsLastPacketsForHeartbeats) {
  outbox->top_up();
  take_all();
  EXPECT_EQ(open_all(Type::probe), Outbox::reserve_packets - Outbox::heartbeat_packets);
  EXPECT_EQ(open_all(Type::heartbeat), Outbox::heartbeat_packets);
  EXPECT_EQ(outbox->exhausted(), 2U);
}

TEST_F(OutboxReserve, IsNotTouchedWhileThereAreOthers) {
  outbox->top_up();
  held.push_back(outbox->open(Type::heartbeat));
  EXPECT_EQ(outbox->reserved(), Outbox::reserve_packets);
}

TEST_F(OutboxReserve, IsFilledAgainWithWhatBecomesFree) {
  outbox->top_up();
  take_all();
  outbox->send(*outbox->open(Type::heartbeat), Endpoint{});
  EXPECT_EQ(outbox->reserved(), Outbox::reserve_packets - 1);
  outbox->top_up();
  EXPECT_EQ(outbox->reserved(), Outbox::reserve_packets);
  EXPECT_EQ(port.alive(), Outbox::reserve_packets);
}

TEST_F(OutboxReserve, MakesDoWithASmallPool) {
  port.set_packets_max(3);
  outbox->top_up();
  EXPECT_EQ(outbox->reserved(), 3U);
  outbox->top_up();
  EXPECT_EQ(open_all(Type::heartbeat), 3U);
}

/// To whom one packet for the group went.
std::vector<Endpoint> told(Outbox& outbox, test::MemoryPort& port, const Endpoint& group) {
  outbox.send(*outbox.open(Type::heartbeat), group);
  std::vector<Endpoint> told;
  std::set<std::vector<std::byte>> contents;
  for (auto& sent : port.take_transmitted()) {
    told.push_back(sent.to);
    contents.insert(std::move(sent.bytes));
  }
  EXPECT_LE(contents.size(), 1U) << "all copies are alike, number included";
  EXPECT_EQ(port.alive(), outbox.reserved());
  return told;
}

TEST(OutboxAudience, IsTheGroupAndACopyForEachWhomItDoesNotReach) {
  constexpr Endpoint group{0xef000001, 7}, ann{1, 7}, bob{2, 7};
  test::MemoryPort port;
  Outbox outbox(port, Sender{}, Audience(group));
  EXPECT_EQ(told(outbox, port, group), (std::vector{group}));
  outbox.include(ann);
  outbox.include(ann);
  outbox.include(bob);
  EXPECT_EQ(told(outbox, port, group), (std::vector{ann, bob, group}));
  outbox.exclude(ann);
  EXPECT_EQ(told(outbox, port, group), (std::vector{bob, group}));
  EXPECT_EQ(told(outbox, port, ann), (std::vector{ann})) << "a member is no group";
}

TEST(OutboxAudience, OfADeafMemberIsCopiesOnly) {
  constexpr Endpoint group{0xef000001, 7}, ann{1, 7}, bob{2, 7};
  test::MemoryPort port;
  Outbox outbox(port, Sender{}, Audience(group, false));
  EXPECT_EQ(told(outbox, port, group), std::vector<Endpoint>{});
  outbox.include(ann);
  outbox.include(bob);
  EXPECT_EQ(told(outbox, port, group), (std::vector{ann, bob}));
}

TEST(OutboxAudience, HasAPacketInReserveForEachCopyAndGivesItBack) {
  constexpr Endpoint group{0xef000001, 7};
  test::MemoryPort port;
  Outbox outbox(port, Sender{}, Audience(group, false));
  for (std::uint32_t i = 1; i <= 20; ++i) outbox.include({i, 7});
  outbox.top_up();
  EXPECT_EQ(outbox.reserved(), Outbox::reserve_packets + 20);
  port.set_packets_max(port.alive());
  EXPECT_EQ(told(outbox, port, group).size(), 20U);
  for (std::uint32_t i = 1; i <= 20; ++i) outbox.exclude({i, 7});
  EXPECT_LE(outbox.reserved(), Outbox::reserve_packets);
}

}  // namespace
}  // namespace muster
