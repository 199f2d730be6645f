// Messages of many packets, of which many are under way at a time.
#include <mutex>
#include <set>

#include "tests/node/world.h"

namespace muster::test {
namespace {

std::string dots(std::size_t size) { return std::string(size, '.'); }

class NodeLongMessages : public World {};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeLongMessages, both_ways, mode_name);

/// Each is short enough that its packets are kept, and none becomes whole.
TEST_P(NodeLongMessages, ManyAtOnceLeaveThePoolToOthers) {
  struct Ends {  // the segment outlives this function
    std::mutex mutex;
    bool lost = true;
    std::set<std::pair<std::uint32_t, ChannelId>> seen;
  };
  const auto ends = std::make_shared<Ends>();
  Server& to = start("to");
  std::array<Server*, 4> from{};
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = &start(fmt::format("from{}", i));
  ASSERT_TRUE(settle());
  const std::size_t packet = to->packet_bytes_max();
  const std::string message = dots(28 * packet + packet / 2);
  // Only the last piece of one leaves a packet half empty.
  segment.lose([ends, packet](const Packet& sent, const Endpoint& sender) {
    const auto* header = reinterpret_cast<const wire::Header*>(sent.data);
    if (wire::Type{header->type} != wire::Type::session) return false;
    const auto* session = reinterpret_cast<const wire::Session*>(header + 1);
    if (sent.size < packet / 4 || sent.size > packet * 3 / 4) return false;
    const std::lock_guard lock(ends->mutex);
    ends->seen.insert({sender.address, session->channel});
    return ends->lost;
  });
  constexpr ChannelId channels = 3;  // what is lost stays under way, and the window is small then
  for (Server* server : from)
    for (ChannelId channel = 0; channel < channels; ++channel)
      ASSERT_TRUE(until(
          [&] { return (*server)->send(id("to"), bytes(message), channel) == SendResult::sent; }));
  const std::size_t messages = from.size() * channels;
  EXPECT_TRUE(until([&] {
    const std::lock_guard lock(ends->mutex);
    return ends->seen.size() == messages;
  }));
  run_for(100 * ms);
  EXPECT_EQ(to.diary.messages, 0U);
  EXPECT_GT(to.port->free_packets(), to.port->pool_packets() * 3 / 4);
  {
    const std::lock_guard lock(ends->mutex);
    ends->lost = false;
  }
  to.diary.on_data = [&](const Message& heard) { EXPECT_EQ(heard.size(), message.size()); };
  EXPECT_TRUE(until([&] { return to.diary.messages == messages; }));
}

/// At both ends: what is staged to be sent, and what is put together, kept where it lies and
/// copied.
TEST_P(NodeLongMessages, AreGivenBackWhenTheirNodesEnd) {
  std::uint32_t leaks_of_a = 1;
  std::uint32_t leaks_of_b = 1;
  Server& a = start("a");
  Server& b = start("b");
  a.port->leaks = &leaks_of_a;
  b.port->leaks = &leaks_of_b;
  ASSERT_TRUE(settle());
  const auto received = [&] {
    return b->stats().packets_received[static_cast<std::size_t>(wire::Type::session)];
  };
  const std::uint64_t before = received();
  for (ChannelId channel = 1; channel <= 4; ++channel)
    ASSERT_TRUE(until([&] {
      return a->send(id("b"), bytes(dots(channel % 2 == 0 ? 16'000'000 : 2'000'000)), channel) ==
             SendResult::sent;
    }));
  ASSERT_TRUE(until([&] { return received() >= before + 100; }));
  EXPECT_EQ(b.diary.messages, 0U);
  b.node.reset();
  a.node.reset();
  EXPECT_EQ(leaks_of_a, 0U);
  EXPECT_EQ(leaks_of_b, 0U);
}

}  // namespace
}  // namespace muster::test
