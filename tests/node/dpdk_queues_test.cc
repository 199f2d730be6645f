// Two members on a memif with two queues, each with two I/O threads.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/node/conversation.h"
#include "tests/node/memif.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

NodeConfig config_of(const TemporaryFolder& folder, std::string_view name) {
  NodeConfig config = memif_config(folder, name);
  config.io_threads = 2;
  config.idle = Idle::backoff;
  return config;
}

std::uint64_t count(const Node& node, std::string_view name) {
  const NodeStats stats = node.stats();
  const auto found = std::ranges::find(stats.transport, name, &NamedCount::name);
  return found == stats.transport.end() ? 0 : found->value;
}

TEST(MembersWithQueues, MeetAndTalkInOrderAndGiveAllPacketsBack) {
  const TemporaryFolder folder;
  Diary b_diary, a_diary;
  Node b(config_of(folder, "b"), b_diary);
  Node a(config_of(folder, "a"), a_diary);
  for (const Node* node : {&a, &b}) {
    EXPECT_EQ(node->port().queues, 2U);
    const auto& lowered = node->port().lowered;
    EXPECT_TRUE(std::ranges::none_of(
        lowered, [](const std::string& what) { return what.starts_with("queues"); }));
  }
  const std::array nodes{&a, &b};
  ASSERT_TRUE(poll_until(
      nodes, [&] { return a.member(b.self().id) != nullptr && b.member(a.self().id) != nullptr; }));
  // What both halves keep in stock has been taken once they have talked.
  EXPECT_EQ(Conversation(a, a_diary, b, b_diary).run(nodes, 1'000), "");
  const auto settle = [&] {
    const TimeNs end_ns = monotonic_ns() + 300 * ms;
    poll_until(nodes, [&] { return monotonic_ns() > end_ns; });
  };
  settle();
  const std::array before{count(a, "in_use"), count(b, "in_use")};
  EXPECT_EQ(Conversation(a, a_diary, b, b_diary).run(nodes, 10'000), "");
  constexpr std::uint64_t on_their_way = 64;  // heartbeats of this moment, a burst in the port
  EXPECT_TRUE(poll_until(nodes, [&] {
    settle();
    return count(a, "in_use") <= before[0] + on_their_way &&
           count(b, "in_use") <= before[1] + on_their_way;
  }));
  for (const Node* node : {&a, &b}) {
    EXPECT_EQ(count(*node, "ring_full"), 0U);
    EXPECT_EQ(count(*node, "malformed") + count(*node, "bad_checksum"), 0U);
  }
}

TEST(MembersWithQueues, TakeWhatTheirServerHas) {
  const TemporaryFolder folder;
  Diary b_diary, a_diary;
  NodeConfig one = config_of(folder, "b");
  one.io_threads = 1;
  Node b(one, b_diary);
  Node a(config_of(folder, "a"), a_diary);
  EXPECT_EQ(a.port().queues, 1U);
  EXPECT_EQ(std::ranges::count(a.port().lowered, "queues: 1, not 2"), 1);
  const std::array nodes{&a, &b};
  ASSERT_TRUE(poll_until(nodes, [&] { return a.member(b.self().id) != nullptr; }));
  EXPECT_EQ(Conversation(a, a_diary, b, b_diary).run(nodes, 1'000), "");
}

}  // namespace
}  // namespace muster::test
