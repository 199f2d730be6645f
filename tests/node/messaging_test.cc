#include <atomic>

#include "tests/node/world.h"

namespace muster::test {
namespace {

class NodeMessaging : public World {
 protected:
  void two() {
    a = &start("a");
    b = &start("b");
    ASSERT_TRUE(settle());
  }
  /// Sends "0", "1", … until the answer is not `sent`; returns how many were.
  int send_until_refused(SendResult expected) {
    for (int sent = 0;; ++sent) {
      const SendResult result = (*a)->send(id("b"), bytes(std::to_string(sent)));
      if (result == SendResult::sent) continue;
      EXPECT_EQ(result, expected);
      return sent;
    }
  }

  Server* a = nullptr;
  Server* b = nullptr;
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeMessaging, both_ways, mode_name);

TEST_P(NodeMessaging, DeliversEveryMessageOnceAndInOrder) {
  two();
  std::vector<std::string> got;
  b->diary.on_data = [&](const Message& message) {
    EXPECT_EQ(message.from(), (*a)->self());
    got.push_back(text(message.bytes()));
  };
  for (int i = 0; i < 2000; ++i)
    while ((*a)->send(id("b"), bytes(std::to_string(i))) == SendResult::would_block)
      (*a)->poll(), (*b)->poll();
  ASSERT_TRUE(until([&] { return got.size() == 2000; }));
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_P(NodeMessaging, DeliversInOrderThroughLoss) {
  segment.lose(
      [carried = 0](const Packet&, const Endpoint&) mutable { return ++carried % 10 == 0; });
  two();
  std::vector<std::string> got;
  b->diary.on_data = [&](const Message& message) { got.push_back(text(message.bytes())); };
  for (int i = 0; i < 300; ++i)
    while ((*a)->send(id("b"), bytes(std::to_string(i))) == SendResult::would_block)
      (*a)->poll(), (*b)->poll();
  ASSERT_TRUE(until([&] { return got.size() == 300; }));
  for (int i = 0; i < 300; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_P(NodeMessaging, LetsTheHandlerAnswer) {
  two();
  b->diary.on_data = [&](const Message& message) {
    EXPECT_EQ((*b)->send(message.from().id, message.bytes()), SendResult::sent);
  };
  ASSERT_EQ((*a)->send(id("b"), bytes("there and back")), SendResult::sent);
  EXPECT_TRUE(until([&] { return a->diary.heard("message there and back"); }));
}

TEST_P(NodeMessaging, SendsWhatWasWrittenIntoThePacket) {
  two();
  Buffer buffer;
  ASSERT_TRUE(until([&] { return static_cast<bool>(buffer = (*a)->claim(100)); }));
  ASSERT_EQ(buffer.bytes().size(), 100U);
  std::ranges::copy(bytes("written in place"), buffer.bytes().begin());
  buffer.shrink(16);
  EXPECT_EQ((*a)->commit(buffer, id("nobody")), SendResult::not_connected);
  EXPECT_EQ((*a)->commit(buffer, id("b")), SendResult::sent);
  EXPECT_FALSE(buffer);
  EXPECT_TRUE(until([&] { return b->diary.heard("message written in place"); }));
}

TEST_P(NodeMessaging, ClaimsRoomForMessagesOfAnySize) {
  two();
  for (const std::size_t size :
       {(*a)->packet_bytes_max(), (*a)->packet_bytes_max() + 1, std::size_t{200'000}}) {
    const std::string payload = long_message(size);
    Buffer buffer;
    ASSERT_TRUE(until([&] { return static_cast<bool>(buffer = (*a)->claim(size)); }));
    std::ranges::copy(bytes(payload), buffer.bytes().begin());
    ASSERT_TRUE(until([&] { return (*a)->commit(buffer, id("b")) == SendResult::sent; }));
    EXPECT_FALSE(buffer);
    EXPECT_TRUE(until([&] { return b->diary.heard("message " + payload); })) << size;
  }
  EXPECT_FALSE((*a)->claim(std::size_t{wire::message_bytes_max} + 1));
}

// A message that is a little too long for a packet, and of which the second piece has to wait.
TEST_P(NodeMessaging, LetsEveryPieceWaitThatFindsNoRoom) {
  two();
  b->diary.on_data = [](const Message&) {};
  const std::size_t packet = (*a)->packet_bytes_max();
  for (std::size_t size = packet - 1; size <= packet + 100; size += 33) {
    const std::string payload = long_message(size);
    const std::size_t before = b->diary.messages;
    std::size_t sent = 0;
    const auto send = [&] { return (*a)->send(id("b"), bytes(payload)) == SendResult::sent; };
    for (; sent < 2; ++sent) ASSERT_TRUE(until(send));
    while (send()) ++sent;
    ASSERT_TRUE(until([&] { return b->diary.messages == before + sent; })) << size;
  }
}

TEST_P(NodeMessaging, SendsSmallMessagesInOnePacket) {
  two();
  run_for(50 * ms);  // until all is acknowledged that joining took
  // For the first time: a busy machine makes timeouts.
  const auto sent = [](const NodeStats& stats) {
    return stats.packets_sent[static_cast<std::size_t>(wire::Type::session)] -
           stats.packets_retransmitted;
  };
  NodeStats before;
  ASSERT_TRUE(until([&] { return (before = (*a)->stats()).trees.size() == 2; }));
  for (int i = 0; i < 10; ++i) ASSERT_EQ((*a)->send(id("b"), bytes("x")), SendResult::sent);
  ASSERT_TRUE(until([&] { return b->diary.messages == 10; }));
  EXPECT_TRUE(stays_at(sent(before) + 1, [&] { return sent((*a)->stats()); }));
}

/// Around what fits one packet and what a window holds, and the largest.
TEST_P(NodeMessaging, CarriesMessagesOfAnySize) {
  two();
  const std::size_t packet = (*a)->packet_bytes_max();
  std::vector<std::size_t> sizes = {packet - 1, packet,    packet + 1, 2 * packet,
                                    100'000,    1'000'000, 5,          wire::message_bytes_max};
  std::vector<std::string> got;
  b->diary.on_data = [&](const Message& message) {
    std::string whole;
    for (const Message::Bytes piece : message.pieces()) whole += text(piece);
    EXPECT_EQ(whole.size(), message.size());
    EXPECT_EQ(text(message.bytes()), whole);
    got.push_back(std::move(whole));
  };
  for (const std::size_t size : sizes) {
    const std::string payload = long_message(size);
    ASSERT_TRUE(until([&] { return (*a)->send(id("b"), bytes(payload)) == SendResult::sent; }));
  }
  ASSERT_TRUE(until([&] { return got.size() == sizes.size(); }));
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_TRUE(got[i] == long_message(sizes[i])) << sizes[i];
  const std::string more(std::size_t{wire::message_bytes_max} + 1, '.');
  EXPECT_EQ((*a)->send(id("b"), bytes(more)), SendResult::too_large);
}

TEST_P(NodeMessaging, ChannelsDoNotWaitForEachOther) {
  two();
  const std::string payload = long_message(4'000'000);
  std::vector<ChannelId> order;
  b->diary.on_data = [&](const Message& message) { order.push_back(message.channel()); };
  ASSERT_TRUE(until([&] { return (*a)->send(id("b"), bytes(payload), 3) == SendResult::sent; }));
  EXPECT_EQ((*a)->send(id("b"), bytes("behind"), 3), SendResult::would_block);
  ASSERT_TRUE(until([&] { return (*a)->send(id("b"), bytes("beside"), 15) == SendResult::sent; }));
  EXPECT_EQ((*a)->send(id("b"), bytes("nowhere"), 16), SendResult::no_such_channel);
  ASSERT_TRUE(until([&] { return order.size() == 2; }));
  EXPECT_EQ(order, (std::vector<ChannelId>{15, 3}));
}

TEST_P(NodeMessaging, KeepsMessagesAsLongAsTheApplicationWants) {
  a = &start("a");
  NodeConfig few = config("b");
  few.limits.kept_packets = 2;
  b = &start(few);
  ASSERT_TRUE(settle());
  std::vector<KeptMessage> kept;
  b->diary.on_data = [&](const Message& message) { kept.push_back(message.keep()); };
  const std::string longer = long_message(10'000);
  for (const std::string& payload :
       {std::string("one"), longer, std::string("two"), std::string("three")})
    ASSERT_TRUE(until([&] { return (*a)->send(id("b"), bytes(payload)) == SendResult::sent; }));
  ASSERT_TRUE(until([&] { return kept.size() == 4; }));
  EXPECT_EQ(text(kept[0].bytes()), "one");
  EXPECT_EQ(text(kept[1].bytes()), longer);  // a copy, of many pieces
  EXPECT_EQ(text(kept[2].bytes()), "two");
  EXPECT_FALSE(kept[3]);
  kept[0].release();
  kept.erase(kept.begin());
  ASSERT_EQ((*a)->send(id("b"), bytes("four")), SendResult::sent);
  ASSERT_TRUE(until([&] { return kept.size() == 4; }));
  EXPECT_EQ(text(kept[3].bytes()), "four");
  kept.clear();
}

TEST_P(NodeMessaging, SaysToWhomItCannotSend) {
  Server& alone = start("a");
  EXPECT_EQ(alone->send(id("b"), {}), SendResult::closed);
  ASSERT_TRUE(settle());
  EXPECT_EQ(alone->send(id("b"), {}), SendResult::not_connected);
  EXPECT_EQ(alone->send(id("a"), {}), SendResult::not_connected);
}

TEST_P(NodeMessaging, BlocksTowardsAReceiverThatDoesNotPollAndLosesNothing) {
  a = &start("a");
  NodeConfig small = config("b");
  small.limits.event_queue = 64;
  b = &start(small);
  ASSERT_TRUE(settle());
  // Only the sender is polled: the receiver's queue fills, and then the window. Half a second
  // without progress says so even on a crowded machine.
  std::size_t sent = 0;
  for (TimeNs last_sent = monotonic_ns(); monotonic_ns() - last_sent < 500 * ms; (*a)->poll()) {
    if ((*a)->send(id("b"), bytes("x")) != SendResult::sent) continue;
    last_sent = monotonic_ns();
    ASSERT_LT(++sent, 1'000'000U);
  }
  EXPECT_TRUE(until([&] { return b->diary.messages == sent; }));
  EXPECT_TRUE(until([&] { return (*a)->send(id("b"), bytes("x")) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return b->diary.messages == sent + 1; }));
  EXPECT_EQ(a->diary.undelivered, 0U);
}

TEST_P(NodeMessaging, ASlowReceiverHoldsUpNobodyElse) {
  two();
  Server& c = start("c");
  ASSERT_TRUE(settle());
  b->port->state = Link::down;
  send_until_refused(SendResult::would_block);
  for (int i = 0; i < 500; ++i)
    while ((*a)->send(id("c"), bytes("x")) == SendResult::would_block) (*a)->poll(), c->poll();
  EXPECT_TRUE(until([&] { return c.diary.messages == 500; }));
}

TEST_P(NodeMessaging, ReportsWhatARemovedMemberDidNotGet) {
  a = &start(mortal("a"));
  b = &start(mortal("b"));
  ASSERT_TRUE(settle());
  b->port->state = Link::down;
  const int sent = send_until_refused(SendResult::would_block);
  ASSERT_GT(sent, 0);
  ASSERT_TRUE(until([&] { return a->diary.heard("removed b"); }));
  EXPECT_EQ(a->diary.undelivered, static_cast<std::size_t>(sent));
  EXPECT_EQ((*a)->stats().messages_undelivered, static_cast<std::size_t>(sent));
  std::uint64_t next = 1;  // the reports name each message once
  for (const Undelivered& report : a->diary.reports) {
    EXPECT_EQ(report.first, next);
    next += report.messages;
  }
  EXPECT_EQ((*a)->send(id("b"), {}), SendResult::not_connected);
}

/// It is given for a member that is removed by then, and back as what it was: what the application
/// has not heard of either is neither delivered nor charged to the one that is back.
TEST_P(NodeMessaging, ReportsWhatWasGivenForAMemberThatIsBackMeanwhile) {
  if (GetParam() == Mode::run_inline) return;  // there the application hears it first
  a = &start(mortal("a"));
  b = &start(mortal("b"));
  start(mortal("c"));
  ASSERT_TRUE(settle());
  a->port->state = Link::down;
  ASSERT_TRUE(until([&] { return (*a)->stats().removals == 2; }, b));
  a->port->state = Link::up;
  ASSERT_TRUE(until([&] { return (*a)->stats().trees.size() == 3; }, b));
  for (int i = 0; i < 5; ++i) ASSERT_EQ((*a)->send(id("b"), bytes("old")), SendResult::sent);
  ASSERT_TRUE(until([&] { return a->diary.count("joined b") == 2; }));
  EXPECT_EQ(a->diary.undelivered, 5U);
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(until([&] { return (*a)->send(id("b"), bytes("new")) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return b->diary.count("message new") == 300; }));
  EXPECT_FALSE(b->diary.heard("message old"));
  EXPECT_EQ(a->diary.undelivered, 5U);
}

/// Nobody hears it, so it is removed while it lives, and comes back: the rest of what it was saying
/// must not be taken for the beginning of anything.
TEST_P(NodeMessaging, ReportsALongMessageThatItsSessionDidNotOutlive) {
  a = &start(mortal("a"));
  b = &start(mortal("b"));
  ASSERT_TRUE(settle());
  // The segment outlives this function.
  const auto unheard = std::make_shared<std::atomic<bool>>(false);
  segment.lose([unheard, from_a = a->port->self()](const Packet&, const Endpoint& from) {
    return *unheard && from == from_a;
  });
  ASSERT_EQ((*a)->send(id("b"), bytes(long_message(4'000'000))), SendResult::sent);
  for (int i = 0; i < 3; ++i) (*a)->poll(), (*b)->poll();
  *unheard = true;
  ASSERT_TRUE(until([&] { return b->diary.heard("removed a"); }));
  *unheard = false;
  ASSERT_TRUE(until([&] { return b->diary.count("joined a") == 2; }));
  EXPECT_TRUE(until([&] { return a->diary.undelivered == 1; }));
  ASSERT_TRUE(until([&] { return (*a)->send(id("b"), bytes("new")) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return b->diary.heard("message new"); }));
  EXPECT_EQ(b->diary.messages, 1U);
  EXPECT_EQ(a->diary.undelivered, 1U);
}

TEST_P(NodeMessaging, ReportsWhatWasUnderWayWhenTooManyEventsMakeItLeave) {
  NodeConfig small = config("a");
  small.limits.event_queue = 64;
  small.limits.event_backlog = 1024;
  small.directory.bindings_per_step = 128;
  small.directory.answer_pages_max = 4;
  small.membership.members_max = 64;
  small.messaging.topics_max = small.messaging.subscriptions_max = 0;
  small.messaging.streams_max = 0;
  a = &start(small);
  b = &start("b");
  Server& c = start("c");
  ASSERT_TRUE(settle());
  segment.lose([from_a = a->port->self()](const Packet& packet, const Endpoint& from) {
    const auto* header = reinterpret_cast<const wire::Header*>(packet.data);
    return from == from_a && wire::Type{header->type} == wire::Type::session;
  });
  std::size_t sent = 0;
  for (const std::string_view to : {"b", "c"})
    while ((*a)->send(id(to), bytes("x")) == SendResult::sent) ++sent;
  ASSERT_GT(sent, 0U);

  // Inline, the application's own changes come without a poll; pipelined, those of others.
  Server& writer = GetParam() == Mode::run_inline ? *a : *b;
  const auto change = [&](int first, int last) {
    for (int i = first; i < last; ++i)
      while (writer->advertise(fmt::format("/x/{}", i)) == AdvertiseResult::would_block)
        writer->poll();
  };
  change(0, 500);
  // From here on nothing finds room that the application would hear: also not the removal of c.
  ASSERT_TRUE(until([&] { return (*a)->stats().events_queued > 0; }, b));
  c->leave();
  ASSERT_TRUE(until([&] { return b->diary.heard("removed c"); }, b));
  change(500, 3000);
  if (GetParam() == Mode::pipelined) {
    ASSERT_TRUE(until([&] { return b->diary.heard("removed a"); }, b));
  }
  ASSERT_TRUE(until([&] { return (*a)->standing() == Standing::left; }));
  EXPECT_TRUE(until([&] { return a->diary.undelivered >= sent; }));
  EXPECT_EQ(a->diary.undelivered, sent);
  EXPECT_FALSE(a->diary.heard("removed c"));
}

TEST_P(NodeMessaging, SendsWhatItAcceptedBeforeItLeaves) {
  two();
  for (int i = 0; i < 20; ++i) ASSERT_EQ((*a)->send(id("b"), bytes("x")), SendResult::sent);
  (*a)->leave();
  EXPECT_TRUE(until([&] { return b->diary.heard("removed a"); }));
  EXPECT_EQ(b->diary.messages, 20U);
}

TEST_P(NodeMessaging, GoesOnAfterAHandlerThrows) {
  two();
  b->diary.on_data = [](const Message&) { throw std::runtime_error("the handler's own"); };
  ASSERT_EQ((*a)->send(id("b"), bytes("1")), SendResult::sent);
  EXPECT_THROW(until([] { return false; }), std::runtime_error);
  b->diary.on_data = nullptr;
  ASSERT_EQ((*a)->send(id("b"), bytes("2")), SendResult::sent);
  EXPECT_TRUE(until([&] { return b->diary.heard("message 2"); }));
  EXPECT_FALSE(b->diary.heard("message 1"));
}

TEST_P(NodeMessaging, GivesEveryPacketBackWhenItEndsWithMessagesUnderWay) {
  two();
  std::uint32_t leaks_of_a = 1;
  std::uint32_t leaks_of_b = 1;
  a->port->leaks = &leaks_of_a;
  b->port->leaks = &leaks_of_b;
  Buffer never_committed = (*a)->claim(10);
  send_until_refused(SendResult::would_block);
  for (int i = 0; i < 100; ++i) (*a)->poll();
  b->node.reset();
  never_committed = Buffer();
  a->node.reset();
  EXPECT_EQ(leaks_of_a, 0U);
  EXPECT_EQ(leaks_of_b, 0U);
}

}  // namespace
}  // namespace muster::test
