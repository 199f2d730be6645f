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
  b->diary.on_data = [&](const MemberKey& from, std::span<const std::byte> payload) {
    EXPECT_EQ(from, (*a)->self());
    got.push_back(text(payload));
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
  b->diary.on_data = [&](const MemberKey&, std::span<const std::byte> payload) {
    got.push_back(text(payload));
  };
  for (int i = 0; i < 300; ++i)
    while ((*a)->send(id("b"), bytes(std::to_string(i))) == SendResult::would_block)
      (*a)->poll(), (*b)->poll();
  ASSERT_TRUE(until([&] { return got.size() == 300; }));
  for (int i = 0; i < 300; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_P(NodeMessaging, LetsTheHandlerAnswer) {
  two();
  b->diary.on_data = [&](const MemberKey& from, std::span<const std::byte> payload) {
    EXPECT_EQ((*b)->send(from.id, payload), SendResult::sent);
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
  EXPECT_EQ((*a)->commit(buffer, id("b")), SendResult::would_block);
  EXPECT_TRUE(until([&] { return b->diary.heard("message written in place"); }));
}

TEST_P(NodeMessaging, RefusesWhatDoesNotFitOnePacket) {
  two();
  const std::string most((*a)->message_bytes_max(), '.');
  EXPECT_EQ((*a)->send(id("b"), bytes(most + ".")), SendResult::too_large);
  EXPECT_FALSE((*a)->claim(most.size() + 1));
  EXPECT_EQ((*a)->send(id("b"), bytes(most)), SendResult::sent);
  EXPECT_TRUE(until([&] { return b->diary.heard("message " + most); }));
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
    ASSERT_LT(++sent, 1000U);
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
  b->port->link = false;
  send_until_refused(SendResult::would_block);
  for (int i = 0; i < 500; ++i)
    while ((*a)->send(id("c"), bytes("x")) == SendResult::would_block) (*a)->poll(), c->poll();
  EXPECT_TRUE(until([&] { return c.diary.messages == 500; }));
}

TEST_P(NodeMessaging, ReportsWhatARemovedMemberDidNotGet) {
  a = &start(mortal("a"));
  b = &start(mortal("b"));
  ASSERT_TRUE(settle());
  b->port->link = false;
  const int sent = send_until_refused(SendResult::would_block);
  ASSERT_GT(sent, 0);
  ASSERT_TRUE(until([&] { return a->diary.heard("removed b"); }));
  EXPECT_EQ(a->diary.undelivered, static_cast<std::size_t>(sent));
  EXPECT_EQ((*a)->stats().messages_undelivered, static_cast<std::size_t>(sent));
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
  a->port->link = false;
  ASSERT_TRUE(until([&] { return (*a)->stats().removals == 2; }, b));
  a->port->link = true;
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

TEST_P(NodeMessaging, ReportsWhatWasUnderWayWhenTooManyEventsMakeItLeave) {
  NodeConfig small = config("a");
  small.limits.event_queue = 64;
  small.limits.event_backlog = 1024;
  small.directory.bindings_per_step = 128;
  small.directory.answer_pages_max = 4;
  small.membership.members_max = 64;
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
  b->diary.on_data = [](const MemberKey&, std::span<const std::byte>) {
    throw std::runtime_error("the handler's own");
  };
  ASSERT_EQ((*a)->send(id("b"), bytes("1")), SendResult::sent);
  EXPECT_THROW(run_for(second), std::runtime_error);
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
