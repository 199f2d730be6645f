// What is said at once to whoever sends: each result of each verb, and what is exhausted.
#include "tests/node/world.h"

namespace muster::test {
namespace {

class NodeResults : public World {
 protected:
  void two(const NodeConfig& of_a) {
    a = &start(of_a);
    b = &start("b");
    ASSERT_TRUE(settle());
    full = std::string((*a)->packet_bytes_max(), '.');
  }
  void two() { two(config("a")); }
  /// b calls a service of a, which is answered when the test wants.
  bool call_a(std::optional<Responder>& later) {
    const auto keep = [&later](const Request&, Responder answer) { later = std::move(answer); };
    return (*a)->serve("/s", {}, keep) == AdvertiseResult::done &&
           until([&] { return !(*b)->lookup("/s").empty(); }) &&
           (*b)->call("/s", {}, second, [](auto, auto) {}).result == SendResult::sent;
  }
  /// Until it is refused; returns why.
  SendResult fill(ChannelId channel) {
    for (;;)
      if (const SendResult result = (*a)->send(id("b"), bytes(full), channel);
          result != SendResult::sent)
        return result;
  }

  Server* a = nullptr;
  Server* b = nullptr;
  std::string full;  ///< fills a packet
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeResults, both_ways, mode_name);

TEST_P(NodeResults, OneFullChannelIsNamed) {
  NodeConfig narrow = config("a");
  narrow.messaging.window_packets = 64;  // far less than all channels may hold
  two(narrow);
  b->port->state = Link::down;
  const SendResult result = fill(3);
  EXPECT_EQ(result, SendResult::would_block);
  EXPECT_EQ(result.exhausted(), Exhausted::channel);
  EXPECT_EQ((*a)->send(id("b"), bytes("beside it"), 4), SendResult::sent);
  EXPECT_EQ(SendResult(SendResult::sent).exhausted(), Exhausted::nothing);
}

TEST_P(NodeResults, WithAllChannelsFullItIsThePackets) {
  two();
  b->port->state = Link::down;
  SendResult result = SendResult::sent;
  ASSERT_TRUE(until([&] {
    for (ChannelId channel = 0; channel < wire::channels; ++channel) result = fill(channel);
    return result.exhausted() == Exhausted::packets;
  }));
  EXPECT_EQ(result, SendResult::would_block);
}

TEST_P(NodeResults, MemoryForLongMessagesIsNamed) {
  NodeConfig small = config("a");
  small.limits.long_message_bytes = 1 << 20;
  two(small);
  b->port->state = Link::down;
  const std::string longer(std::size_t{1} << 20, '.');
  ASSERT_EQ((*a)->send(id("b"), bytes(longer), 0), SendResult::sent);
  EXPECT_EQ((*a)->send(id("b"), bytes(longer), 1).exhausted(), Exhausted::long_messages);
  Buffer none = (*a)->claim(longer.size());
  EXPECT_FALSE(none);
  EXPECT_EQ((*a)->commit(none, id("b"), 1).exhausted(), Exhausted::long_messages);
  EXPECT_EQ((*a)->send(id("b"), bytes("behind"), 0).exhausted(), Exhausted::channel);
}

TEST_P(NodeResults, TheRingToTheEngineIsNamed) {
  if (GetParam() == Mode::run_inline) return;  // which has none
  NodeConfig small = config("a");
  small.limits.command_queue = 64;
  two(small);
  // The engine sleeps for some tens of microseconds, and so many packets take a few.
  EXPECT_TRUE(until([&] {
    for (ChannelId channel = 0; channel < 4; ++channel)
      if (fill(channel).exhausted() == Exhausted::engine_queue) return true;
    return false;
  }));
}

TEST_P(NodeResults, WhoIsNotThereIsNotConnected) {
  two();
  EXPECT_EQ((*a)->send(id("c"), {}), SendResult::not_connected);
  EXPECT_EQ((*a)->send(id("a"), {}), SendResult::not_connected);
  EXPECT_EQ((*a)->call("/nobody", {}, second, nullptr).result, SendResult::not_connected);
  EXPECT_EQ((*a)->call(id("c"), "/s", {}, second, nullptr).result, SendResult::not_connected);
  Buffer buffer;
  ASSERT_TRUE(until([&] { return static_cast<bool>(buffer = (*a)->claim(1)); }));
  EXPECT_EQ((*a)->commit(buffer, id("c")), SendResult::not_connected);
  EXPECT_TRUE(buffer);
}

TEST_P(NodeResults, AnAnswerToACallerThatHasGoneIsNotConnected) {
  two();
  std::optional<Responder> later;
  ASSERT_TRUE(call_a(later));
  ASSERT_TRUE(until([&] { return later.has_value(); }));
  (*b)->leave();
  ASSERT_TRUE(until([&] { return a->diary.heard("removed b"); }));
  EXPECT_EQ(later->reply({}), SendResult::not_connected);
  EXPECT_FALSE(later->pending());
}

TEST_P(NodeResults, WhatIsTooLargeIsRefusedEverywhere) {
  two();
  const std::string more(std::size_t{wire::message_bytes_max} + 1, '.');
  std::optional<SendResult> of_reply;
  ASSERT_EQ((*b)->serve("/s", {},
                        [&](const Request&, Responder answer) {
                          of_reply = answer.reply(bytes(more));
                          answer.reply(bytes("less"));
                        }),
            AdvertiseResult::done);
  ASSERT_TRUE(until([&] { return !(*a)->lookup("/s").empty(); }));
  EXPECT_EQ((*a)->send(id("b"), bytes(more)), SendResult::too_large);
  EXPECT_EQ((*a)->call("/s", bytes(more), second, nullptr).result, SendResult::too_large);
  Buffer buffer = (*a)->claim(more.size());
  EXPECT_FALSE(buffer);
  EXPECT_EQ((*a)->commit(buffer, id("b")), SendResult::too_large);
  std::string answer;
  ASSERT_EQ(
      (*a)->call("/s", {}, 5 * second, [&](auto, auto payload) { answer = text(payload); }).result,
      SendResult::sent);
  ASSERT_TRUE(until([&] { return !answer.empty(); }));
  EXPECT_EQ(answer, "less");
  EXPECT_EQ(of_reply, SendResult::too_large);
}

TEST_P(NodeResults, WhoHasLeftIsClosed) {
  two();
  std::optional<Responder> later;
  ASSERT_TRUE(call_a(later));
  Buffer buffer;
  ASSERT_TRUE(until([&] {
    if (!buffer) buffer = (*a)->claim(1);
    return later.has_value() && buffer;
  }));
  (*a)->leave();
  const auto everything_is_closed = [&] {
    EXPECT_EQ((*a)->send(id("b"), {}), SendResult::closed);
    EXPECT_EQ((*a)->commit(buffer, id("b")), SendResult::closed);
    EXPECT_EQ((*a)->call("/s", {}, second, nullptr).result, SendResult::closed);
    EXPECT_EQ((*a)->call(id("b"), "/s", {}, second, nullptr).result, SendResult::closed);
    EXPECT_EQ((*a)->advertise("/x"), AdvertiseResult::closed);
    EXPECT_EQ((*a)->advertise(Batch()), AdvertiseResult::closed);
    EXPECT_EQ((*a)->serve("/x", {}, nullptr), AdvertiseResult::closed);
    EXPECT_EQ((*a)->withdraw("/s"), AdvertiseResult::closed);
    EXPECT_EQ((*a)->withdraw_all(), AdvertiseResult::closed);
  };
  everything_is_closed();
  ASSERT_TRUE(until([&] { return (*a)->standing() == Standing::left; }));
  everything_is_closed();
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{100'000}}) {
    Buffer more = (*a)->claim(bytes);
    EXPECT_EQ((*a)->commit(more, id("b")), SendResult::closed);
  }
  (*a)->flush();
  EXPECT_TRUE(until([&] { return (*a)->poll() == 0; }));
  EXPECT_EQ(later->reply({}), SendResult::closed);
  EXPECT_FALSE(later->pending());
}

}  // namespace
}  // namespace muster::test
