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
    std::set<std::pair<IpAddress, ChannelId>> seen;
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

/// On all of its channels and topics it begins messages that it never ends.
TEST_P(NodeLongMessages, ThatOneMemberDoesNotEndLeaveRoomToOthers) {
  constexpr std::size_t size = 1 << 20;
  NodeConfig small = config("to");
  small.limits.long_message_bytes = 4 * size;
  Server& to = start(small);
  Server& bad = start("bad");
  Server& good = start("good");
  segment.lose([](const Packet& sent, const Endpoint& sender) {
    const auto* header = reinterpret_cast<const wire::Header*>(sent.data);
    const auto* session = reinterpret_cast<const wire::Session*>(header + 1);
    const auto type = wire::Type{header->type};
    return sender.address == 0x0a4d0002 &&  // 10.77.0.2, bad's
           (type == wire::Type::session || type == wire::Type::publication) &&
           session->sequence > 8;
  });
  ASSERT_TRUE(settle());
  std::array<TopicNumber, 8> topics{};
  for (std::size_t i = 0; i < topics.size(); ++i) {
    const std::string name = fmt::format("/{}", i);
    ASSERT_EQ(to->subscribe(name).result, TopicResult::done);
    const Announced announced = bad->announce({.name = name, .lag_packets = 64});
    ASSERT_EQ(announced.result, TopicResult::done);
    topics[i] = announced.topic;
  }
  ASSERT_TRUE(until([&] { return bad.diary.count("subscriber joined") == topics.size(); }));
  for (const TopicNumber topic : topics)
    EXPECT_EQ(bad->publish(topic, bytes(dots(size))), SendResult::sent);
  for (ChannelId channel = 0; channel < wire::channels; ++channel)
    ASSERT_TRUE(
        until([&] { return bad->send(id("to"), bytes(dots(size)), channel) == SendResult::sent; }));
  run_for(second);  // some of what begins is lost at first
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(until([&] {
      return good->send(id("to"), bytes(dots(size)), static_cast<ChannelId>(i)) == SendResult::sent;
    }));
  EXPECT_TRUE(until([&] { return to.diary.messages == 4; }));
  EXPECT_EQ(to.diary.publications, 0U);
  EXPECT_FALSE(to.diary.heard("removed bad")) << "that has made room";
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
