// Several threads of one application, each with channels of its own.
#include <atomic>
#include <deque>
#include <optional>
#include <thread>

#include <poll.h>

#include "tests/node/party.h"

namespace muster::test {
namespace {

constexpr ChannelId threads = 4;

using NodeClient = WithClients;
INSTANTIATE_TEST_SUITE_P(Threads, NodeClient, testing::Values(Mode::pipelined), mode_name);

/// Of these a member's death is noticed soon.
class NodeClientOfMortals : public NodeClient {
 protected:
  void SetUp() override { two(mortal("a"), mortal("b")); }
};
INSTANTIATE_TEST_SUITE_P(Threads, NodeClientOfMortals, testing::Values(Mode::pipelined), mode_name);

/// Says back what it hears, in order, also where there is no room at once.
void echo_until(Party& party, const std::atomic<int>& ended) {
  std::deque<std::string> waiting;
  party.diary.on_data = [&](const Message& message) { waiting.push_back(text(message.bytes())); };
  party.serve_until([&] {
    while (!waiting.empty() &&
           party.client.send(id("a"), bytes(waiting.front())) == SendResult::sent)
      waiting.pop_front();
    return ended == threads;
  });
}

void talk(Party& party, ChannelId channel, int messages) {
  ASSERT_TRUE(party.knows("b"));
  int heard = 0;
  party.diary.on_data = [&](const Message& message) {
    EXPECT_EQ(message.channel(), channel);
    EXPECT_EQ(text(message.bytes()), fmt::format("{} of {}", heard++, channel));
  };
  for (int i = 0; i < messages; ++i)
    ASSERT_TRUE(party.send("b", fmt::format("{} of {}", i, channel)));
  EXPECT_TRUE(party.until([&] { return heard == messages; }));
}

/// Four at each side: what each says comes back to it, in order, and to no other.
TEST_P(NodeClient, EachThreadTalksOnItsOwnChannels) {
  std::atomic<int> ended{0};
  std::deque<Party> at_a;
  std::deque<Party> at_b;
  std::vector<std::function<void()>> bodies;
  for (ChannelId channel = 1; channel <= threads; ++channel) {
    Party& talking = at_a.emplace_back(*a->node, on(channel, false));
    Party& echoing = at_b.emplace_back(*b->node, on(channel, false));
    bodies.emplace_back([&, channel] {
      talk(talking, channel, 300);
      ++ended;
    });
    bodies.emplace_back([&] { echo_until(echoing, ended); });
  }
  run(bodies);
  EXPECT_EQ(a->diary.messages + b->diary.messages, 0U);
  at_a.clear();
  at_b.clear();
}

void call_in_turn(Party& party, int calls) {
  ASSERT_TRUE(party.until([&] { return !party.client.lookup("/s").empty(); }));
  for (int i = 0; i < calls; ++i) {
    std::optional<CallOutcome> outcome;
    std::string answer;
    const auto answered = [&](CallOutcome how, std::span<const std::byte> payload) {
      outcome = how;
      answer = text(payload);
    };
    ASSERT_EQ(party.client.call("/s", bytes(std::to_string(i)), 10 * second, answered).result,
              SendResult::sent);
    ASSERT_TRUE(party.until([&] { return outcome.has_value(); }));
    ASSERT_EQ(outcome, CallOutcome::ok);
    ASSERT_EQ(answer, std::to_string(i));
  }
}

/// Each calls by name, from its own copy of the directory, and is answered by the thread at the
/// other side that has its channel.
TEST_P(NodeClient, EachThreadCallsAndIsAnsweredByAThread) {
  ASSERT_EQ((*b)->advertise("/s"), AdvertiseResult::done);
  std::atomic<int> ended{0};
  std::deque<Party> at_a;
  std::deque<Party> at_b;
  std::vector<std::function<void()>> bodies;
  for (ChannelId channel = 1; channel <= threads; ++channel) {
    Party& calling = at_a.emplace_back(*a->node, on(channel));
    Party& serving = at_b.emplace_back(*b->node, on(channel, false));
    EXPECT_TRUE(serving.client.answer("/s", [channel](const Request& request, Responder answer) {
      EXPECT_EQ(request.channel, channel);
      answer.reply(request.payload);
    }));
    EXPECT_FALSE(serving.client.answer("no path", nullptr));
    bodies.emplace_back([&] {
      call_in_turn(calling, 100);
      ++ended;
    });
    bodies.emplace_back([&] { serving.serve_until([&] { return ended == threads; }); });
  }
  run(bodies);
}

/// No thread polls that of channel 1: what is sent there waits at its sender.
TEST_P(NodeClient, WhoStopsPollingClosesItsOwnChannelsOnly) {
  Party stopped(*b->node, on(1, false));
  Party polled(*b->node, on(2, false));
  std::size_t sent = 0;
  for (TimeNs last = monotonic_ns(); monotonic_ns() - last < 500 * ms; (*a)->poll()) {
    if ((*a)->send(id("b"), bytes("x"), 1) != SendResult::sent) continue;
    last = monotonic_ns();
    ASSERT_LT(++sent, 1'000'000U);
  }
  for (int i = 0; i < 500; ++i)
    ASSERT_TRUE(until([&] { return (*a)->send(id("b"), bytes("x"), 2) == SendResult::sent; }));
  for (int i = 0; i < 500; ++i)
    ASSERT_TRUE(until([&] { return (*a)->send(id("b"), bytes("x"), 0) == SendResult::sent; }));
  EXPECT_TRUE(until([&] {
    polled.client.poll();
    return polled.diary.messages == 500 && b->diary.messages == 500;
  }));
  EXPECT_EQ(stopped.diary.messages, 0U);
  EXPECT_TRUE(until([&] {
    stopped.client.poll();
    return stopped.diary.messages == sent;
  }));
}

TEST_P(NodeClient, ChannelsAreOneThreadsAtATime) {
  EXPECT_EQ((*a)->send(id("b"), bytes("before"), 5), SendResult::sent);
  ASSERT_TRUE(until([&] { return b->diary.messages == 1; }));
  {
    Party party(*a->node, {.first_channel = 5, .channels = 2});
    EXPECT_EQ((*a)->send(id("b"), {}, 5), SendResult::no_such_channel);
    EXPECT_EQ((*a)->send(id("b"), {}, 6), SendResult::no_such_channel);
    EXPECT_EQ((*a)->send(id("b"), bytes("node"), 7), SendResult::sent);
    ASSERT_TRUE(party.knows("b"));
    EXPECT_EQ(party.client.send(id("b"), {}, 7), SendResult::no_such_channel);
    EXPECT_EQ(party.client.send(id("b"), {}, 0), SendResult::no_such_channel);
    EXPECT_EQ(party.client.send(id("b"), bytes("five")), SendResult::sent);
    EXPECT_EQ(party.client.send(id("b"), bytes("six"), 6), SendResult::sent);
    Diary diary;
    EXPECT_THROW((*a)->attach(on(6), diary), StartError);
    EXPECT_THROW((*a)->attach({.first_channel = 15, .channels = 2}, diary), StartError);
    EXPECT_THROW((*a)->attach({.first_channel = 7, .channels = 0}, diary), StartError);
  }
  EXPECT_TRUE(until([&] { return (*a)->send(id("b"), bytes("after"), 5) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return b->diary.messages == 5; }));
}

/// While the node talks and others come and go.
TEST_P(NodeClient, ComesAndGoesWhileTheNodeRuns) {
  for (int i = 0; i < 30; ++i) {
    {
      Party party(*a->node, on(3, i % 2 == 0));
      ASSERT_TRUE(party.knows("b"));
      for (int j = 0; j < 3; ++j) ASSERT_TRUE(party.send("b", "from a client"));
    }
    // Between two clients the channel is the node's.
    ASSERT_TRUE(
        until([&] { return (*a)->send(id("b"), bytes("from the node"), 3) == SendResult::sent; }));
  }
  EXPECT_TRUE(until([&] { return b->diary.messages == 120; }));
  EXPECT_EQ(b->diary.count("message from a client"), 90U);
}

/// What a channel has carried is counted on, whoever sends on it.
TEST_P(NodeClientOfMortals, ReportsBelongToWhoSendsAndCountAllThatWasSent) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ((*a)->send(id("b"), bytes("x"), 5), SendResult::sent);
  Party party(*a->node, on(5));
  ASSERT_TRUE(party.knows("b"));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(party.send("b", "x"));
  party.client.flush();
  ASSERT_TRUE(until([&] { return b->diary.messages == 7; }));
  // What b says on the channel acknowledges all of it.
  ASSERT_TRUE(until([&] { return (*b)->send(id("a"), bytes("y"), 5) == SendResult::sent; }));
  (*b)->flush();
  ASSERT_TRUE(party.until([&] { return party.diary.heard("message y"); }));
  go_round(party.client);
  b->port->state = Link::down;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(party.send("b", "x"));
  party.client.flush();
  ASSERT_TRUE(until([&] { return a->diary.heard("removed b"); }));
  ASSERT_TRUE(party.until([&] { return party.diary.heard("removed b"); }));
  ASSERT_EQ(party.diary.undelivered, 5U);
  EXPECT_EQ(party.diary.reports.front().first, 8U);
  EXPECT_EQ(a->diary.undelivered, 0U);
}

TEST_P(NodeClient, HearsWhatThereIsAndWhatChanges) {
  for (int i = 0; i < 500; ++i)
    ASSERT_TRUE(until(
        [&] { return (*b)->advertise(fmt::format("/b/{}", i), "1") == AdvertiseResult::done; }));
  ASSERT_EQ((*a)->advertise("/a"), AdvertiseResult::done);
  ASSERT_TRUE(until([&] { return (*a)->names() == 501; }));
  Party reads(*a->node, on(1));
  Party does_not(*a->node, on(2, false));
  ASSERT_EQ((*b)->advertise("/b/0", "2"), AdvertiseResult::done);
  ASSERT_EQ((*b)->withdraw("/b/1"), AdvertiseResult::done);
  ASSERT_EQ((*b)->advertise("/b/new"), AdvertiseResult::done);
  ASSERT_TRUE(until([&] { return !(*a)->lookup("/b/new").empty(); }));
  EXPECT_TRUE(reads.until([&] {
    return reads.client.synchronized() && !reads.client.lookup("/b/new").empty() &&
           reads.client.names() == 501;
  }));
  EXPECT_EQ(text(reads.client.lookup("/b/0").front().value), "2");
  EXPECT_TRUE(reads.client.lookup("/b/1").empty());
  EXPECT_EQ(reads.diary.count("bound /b/2=1"), 1U);
  EXPECT_EQ(reads.client.pick("/a"), (*a)->self());
  EXPECT_TRUE(does_not.knows("b"));
  EXPECT_EQ(does_not.client.names(), 0U);
}

/// Nobody hears a, so it is removed while it lives, and comes back: its threads, and those that
/// answer it, go on with the new one.
TEST_P(NodeClientOfMortals, GoesOnAsANewIncarnation) {
  ASSERT_EQ((*b)->advertise("/s"), AdvertiseResult::done);
  Party calling(*a->node, on(1));
  Party serving(*b->node, on(1, false));
  serving.client.answer(
      "/s", [](const Request& request, Responder answer) { answer.reply(request.payload); });
  const auto unheard = std::make_shared<std::atomic<bool>>(false);
  segment.lose([unheard, from_a = a->port->self()](const Packet&, const Endpoint& from) {
    return *unheard && from == from_a;
  });
  const auto poll_until = [&](const std::function<bool()>& done) {
    return until([&] {
      calling.client.poll(), serving.client.poll();
      return done();
    });
  };
  for (int round = 1; round <= 2; ++round) {
    ASSERT_TRUE(poll_until([&] { return !calling.client.lookup("/s").empty(); }));
    for (int i = 0; i < 5; ++i) {
      std::optional<CallOutcome> outcome;
      ASSERT_EQ(
          calling.client.call("/s", {}, 5 * second, [&](CallOutcome how, auto) { outcome = how; })
              .result,
          SendResult::sent);
      ASSERT_TRUE(poll_until([&] { return outcome.has_value(); }));
      ASSERT_EQ(outcome, CallOutcome::ok) << round;
    }
    if (round == 2) break;
    *unheard = true;
    ASSERT_TRUE(poll_until([&] { return serving.diary.heard("removed a"); }));
    *unheard = false;
    ASSERT_TRUE(poll_until([&] { return serving.diary.count("joined a") == 2; }));
    // Each hears of it in its own poll.
    ASSERT_TRUE(poll_until([&] { return calling.client.self() == (*a)->self(); }));
  }
}

TEST_P(NodeClient, SleepsInAnEventLoopOfItsOwn) {
  Party party(*a->node, on(1));
  std::atomic<bool> done{false};
  std::thread thread([&] {
    const int fd = party.client.event_fd();
    while (party.diary.messages < 20) {
      while (party.client.poll() > 0) {
      }
      if (party.diary.messages >= 20 || !party.client.arm()) continue;
      pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
      if (::poll(&waited, 1, 10'000) == 0) break;
    }
    done = true;
  });
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ((*b)->send(id("a"), bytes("x"), 1), SendResult::sent);
    run_for(5 * ms);
  }
  ASSERT_TRUE(until([&] { return done.load(); }));
  thread.join();
  EXPECT_EQ(party.diary.messages, 20U);
}

TEST(NodeClientOfAnInlineNode, IsRefusedWithTheRemedy) {
  Lone lone(loopback_config("a", Mode::run_inline));
  EXPECT_THROW(lone.node.attach(on(1), lone.diary), StartError);
}

}  // namespace
}  // namespace muster::test
