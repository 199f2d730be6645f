// Clients at their end, and at that of their node.
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include <poll.h>

#include "tests/node/party.h"

namespace muster::test {
namespace {

using NodeClientEnd = WithClients;
INSTANTIATE_TEST_SUITE_P(Threads, NodeClientEnd, testing::Values(Mode::pipelined), mode_name);

TEST_P(NodeClientEnd, LeavesWithTheNode) {
  Party party(*a->node, on(1));
  ASSERT_TRUE(party.knows("b"));
  (*a)->leave();
  EXPECT_TRUE(party.until([&] { return party.client.standing() == Standing::left; }));
  EXPECT_EQ(party.client.send(id("b"), {}), SendResult::closed);
}

/// The receiver waits for the rest: nothing else may go there.
TEST_P(NodeClientEnd, NothingFollowsAMessageThatWasCutOff) {
  {
    Party party(*a->node, on(4));
    ASSERT_TRUE(party.knows("b"));
    b->port->state = Link::down;
    const std::string longer(4'000'000, '.');
    ASSERT_TRUE(
        party.until([&] { return party.client.send(id("b"), bytes(longer)) == SendResult::sent; }));
  }
  b->port->state = Link::up;
  run_for(50 * ms);
  EXPECT_EQ((*a)->send(id("b"), {}, 4), SendResult::no_such_channel);
  EXPECT_EQ((*a)->send(id("b"), bytes("beside"), 5), SendResult::sent);
  EXPECT_TRUE(until([&] { return b->diary.heard("message beside"); }));
}

TEST_P(NodeClientEnd, OutlivesItsNode) {
  std::uint32_t leaks = 1;
  a->port->leaks = &leaks;
  auto party = std::make_unique<Party>(*a->node, on(1));
  ASSERT_TRUE(party->knows("b"));
  ASSERT_EQ((*b)->advertise("/s"), AdvertiseResult::done);
  ASSERT_TRUE(party->until([&] {
    b->node->poll();
    return !party->client.lookup("/s").empty();
  }));
  Client& client = party->client;
  int ended = 0;
  const auto count = [&](CallOutcome outcome, std::span<const std::byte>) {
    EXPECT_EQ(outcome, CallOutcome::closed);
    ++ended;
  };
  ASSERT_EQ(client.call(id("b"), "/s", {}, 60 * second, count).result, SendResult::sent);
  a->node.reset();
  // What it has not polled to hear of is taken, and reported.
  EXPECT_EQ(client.send(id("b"), bytes("too late")), SendResult::sent);
  ASSERT_TRUE(party->until([&] { return client.standing() == Standing::left; }));
  EXPECT_EQ(party->diary.undelivered, 2U);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(client.send(id("b"), {}), SendResult::closed);
  EXPECT_EQ(client.call("/s", {}, second, nullptr).result, SendResult::closed);
  EXPECT_EQ(client.call(id("b"), "/s", {}, second, nullptr).result, SendResult::closed);
  {
    Buffer buffer = client.claim(1);
    EXPECT_EQ(client.commit(buffer, id("b")), SendResult::closed);
    buffer = client.claim(100'000);
    EXPECT_EQ(client.commit(buffer, id("b")), SendResult::closed);
  }
  client.flush();
  EXPECT_EQ(client.poll(), 0U);
  EXPECT_EQ(client.event_fd(), client.event_fd());
  EXPECT_TRUE(client.arm());
  EXPECT_EQ(leaks, 1U);  // its port is there as long as anybody stands on it
  party.reset();
  EXPECT_EQ(leaks, 0U);
}

/// Whether it sleeps, or is about to.
TEST_P(NodeClientEnd, WakesWhenItsNodeEnds) {
  for (int delay_us = 0; delay_us < 400; delay_us += 20) {
    Server& c = start(fmt::format("c{}", delay_us));
    auto party = std::make_unique<Party>(*c.node, on(1));
    std::atomic<bool> slept_for_ever{false};
    std::thread thread([&] {
      Client& client = party->client;
      const int fd = client.event_fd();
      while (client.standing() != Standing::left) {
        while (client.poll() > 0) {
        }
        if (client.standing() == Standing::left || !client.arm()) continue;
        pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
        if (::poll(&waited, 1, 10'000) == 0) {
          slept_for_ever = true;
          break;
        }
      }
    });
    std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
    c.node.reset();
    thread.join();
    ASSERT_FALSE(slept_for_ever) << delay_us;
  }
}

/// What it waits for never comes.
TEST_P(NodeClientEnd, KeepsNoCoreBusyWhereACoroutineOutlivesItsNode) {
  NodeConfig sleepy = config("c");
  sleepy.idle = Idle::sleep;
  Server& c = start(sleepy);
  Party party(*c.node, on(1));
  const auto waits_for_ever = [](Client& client) -> Task<> {
    for (;;) co_await client.next_poll();
  };
  party.client.spawn(waits_for_ever(party.client));
  c.node.reset();
  ASSERT_TRUE(party.until([&] { return party.client.standing() == Standing::left; }));
  std::size_t polls = 0;
  for (const TimeNs start = monotonic_ns(); monotonic_ns() - start < 300 * ms; ++polls)
    party.client.idle(party.client.poll());
  EXPECT_LT(polls, 10'000U);
}

/// Some before the engine's thread, some after it, some while it goes.
TEST_P(NodeClientEnd, MayEndWhileItsNodeDoes) {
  for (int round = 0; round < 10; ++round) {
    Server& c = start(fmt::format("c{}", round));
    std::atomic<int> begun{0};
    std::vector<std::thread> threads;
    for (ChannelId channel = 1; channel <= 4; ++channel)
      threads.emplace_back(
          [&, channel, party = std::make_unique<Party>(*c.node, on(channel))]() mutable {
            ++begun;
            for (int i = 0; i < 10 * channel; ++i) {
              party->client.send(id("b"), bytes("x"));
              party->client.poll();
              std::this_thread::sleep_for(std::chrono::microseconds(50 * channel));
            }
            party.reset();
          });
    while (begun < 4) c.node->poll();
    c.node.reset();
    for (std::thread& thread : threads) thread.join();
  }
}

/// More was told than its ring holds, and it had heard none of it.
TEST_P(NodeClientEnd, HearsToTheLastWordWhatItsNodeWasTold) {
  constexpr int names = 1000;  // the ring has room for 256 words
  Party party(*a->node, on(1));
  for (int i = 0; i < names; ++i)
    ASSERT_TRUE(until(
        [&] { return (*b)->advertise(fmt::format("/b/{}", i), "1") == AdvertiseResult::done; }));
  ASSERT_TRUE(until([&] { return (*a)->names() == names; }));
  a->node.reset();
  ASSERT_TRUE(party.until([&] { return party.client.standing() == Standing::left; }));
  EXPECT_EQ(party.diary.entries.back(), "left");
  EXPECT_EQ(party.client.names(), std::size_t{names});
}

}  // namespace
}  // namespace muster::test
