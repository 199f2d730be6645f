// Nodes in an event loop, over kernel sockets: it sleeps whenever it may, and for ever if nothing
// wakes it.
#include <atomic>
#include <optional>
#include <thread>

#include <sys/epoll.h>
#include <unistd.h>

#include "tests/node/world.h"

namespace muster::test {
namespace {

constexpr int for_ever_ms = 10'000;

/// The loop of one thread.
class Loop {
 public:
  Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Loop() { close(epoll_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void add(Node& node) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &node}};
    ASSERT_EQ(epoll_ctl(epoll_, EPOLL_CTL_ADD, node.event_fd(), &event), 0);
    nodes_.push_back(&node);
  }
  /// Until `done`; false when it has slept for ever.
  bool run(const std::function<bool()>& done, int ever_ms = for_ever_ms) {
    while (!done()) {
      for (Node* node : nodes_)
        while (node->poll() > 0) {
        }
      if (done()) return true;
      // All of them have to be ready before one may sleep.
      if (!std::ranges::all_of(nodes_, [](Node* node) { return node->arm(); })) continue;
      ++sleeps;
      epoll_event event;
      if (epoll_wait(epoll_, &event, 1, ever_ms) == 0) return false;
    }
    return true;
  }

  std::size_t sleeps = 0;

 private:
  const int epoll_;
  std::vector<Node*> nodes_;
};

class NodeEventLoop : public testing::TestWithParam<Mode> {
 protected:
  struct Server {
    Diary diary;
    std::optional<Node> node;
  };
  void SetUp() override {
    start(a, "a", 41);
    start(b, "b", 42);
    loop.add(*a.node);
    loop.add(*b.node);
    ASSERT_TRUE(loop.run([&] {
      return a.node->synchronized() && b.node->synchronized() && a.node->members().size() == 1 &&
             b.node->members().size() == 1;
    }));
    ASSERT_EQ(b.node->serve(
                  "/echo", {},
                  [](const Request& request, Responder answer) { answer.reply(request.payload); }),
              AdvertiseResult::done);
    ASSERT_TRUE(loop.run([&] { return !a.node->lookup("/echo").empty(); }));
  }
  static void start(Server& server, std::string_view name, int host) {
    NodeConfig config;
    config.name = name;
    config.cluster = fmt::format("event-loop-{}", getpid());
    config.transport = TransportKind::socket;
    config.address = fmt::format("127.0.0.{}/8", host);
    config.port = static_cast<std::uint16_t>(20000 + getpid() % 20000);
    config.mode = GetParam();
    config.idle = Idle::backoff;
    config.membership.suspect_after_ns = 4 * second;
    server.node.emplace(config, server.diary);
  }

  Server a;
  Server b;
  Loop loop;
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeEventLoop, both_ways, mode_name);

/// As a rule it looks once more before it sleeps, and has found the message then.
TEST_P(NodeEventLoop, SleepsUntilAMessageComes) {
  const std::size_t sleeps = loop.sleeps;
  b.diary.on_data = [&](const Message& message) {
    EXPECT_EQ(b.node->send(message.from().id, message.bytes()), SendResult::sent);
  };
  for (std::size_t i = 1; i <= 200; ++i) {
    ASSERT_EQ(a.node->send(id("b"), bytes("x")), SendResult::sent);
    ASSERT_TRUE(loop.run([&] { return a.diary.messages == i; })) << i;
  }
  EXPECT_GT(loop.sleeps, sleeps);
}

/// What it wakes for is heartbeats, and timers that come a little before they must.
TEST_P(NodeEventLoop, SleepsWhileNothingHappens) {
  const TimeNs begin = monotonic_ns();
  const std::size_t sleeps = loop.sleeps;
  while (monotonic_ns() - begin < second)
    loop.run([&] { return monotonic_ns() - begin >= second; }, 100);
  EXPECT_LT(loop.sleeps - sleeps, 500U);
  EXPECT_GT(loop.sleeps - sleeps, 5U);
}

TEST_P(NodeEventLoop, WakesForTheDeadlineOfACall) {
  std::optional<Responder> never;
  ASSERT_EQ(b.node->serve("/never", {},
                          [&](const Request&, Responder answer) { never = std::move(answer); }),
            AdvertiseResult::done);
  ASSERT_TRUE(loop.run([&] { return !a.node->lookup("/never").empty(); }));
  const TimeNs begin = monotonic_ns();
  std::optional<CallOutcome> outcome;
  ASSERT_EQ(
      a.node->call("/never", {}, 200 * ms, [&](CallOutcome how, auto) { outcome = how; }).result,
      SendResult::sent);
  ASSERT_TRUE(loop.run([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome, CallOutcome::deadline);
  EXPECT_LT(monotonic_ns() - begin, 2 * second);
  never.reset();
}

TEST_P(NodeEventLoop, WakesWhenThereIsRoomAgain) {
  const std::string full(a.node->packet_bytes_max(), '.');
  b.diary.on_data = [](const Message&) {};
  std::size_t sent = 0;
  std::size_t blocked = 0;
  ASSERT_TRUE(loop.run([&] {
    while (sent < 3000) {
      if (a.node->send(id("b"), bytes(full)) != SendResult::sent) {
        ++blocked;
        return false;
      }
      ++sent;
    }
    return b.diary.messages == sent;
  }));
  EXPECT_GT(blocked, 0U);
}

TEST_P(NodeEventLoop, WakesForALongMessageAndForCoroutinesThatWaitForRoom) {
  const auto send = [](Node& node, std::string payload, int times, bool& done) -> Task<> {
    for (int i = 0; i < times;) {
      const SendResult result = node.send(id("b"), bytes(payload));
      if (result == SendResult::sent)
        ++i;
      else
        co_await node.next_poll();
    }
    done = true;
  };
  bool done = false;
  b.diary.on_data = [](const Message& message) { EXPECT_EQ(message.size(), 1'000'000U); };
  a.node->spawn(send(*a.node, std::string(1'000'000, '.'), 5, done));
  ASSERT_TRUE(loop.run([&] { return done && b.diary.messages == 5; }));
}

TEST_P(NodeEventLoop, WakesUntilItHasLeft) {
  a.node->leave();
  ASSERT_TRUE(loop.run([&] { return a.node->standing() == Standing::left; }));
  EXPECT_TRUE(loop.run([&] { return b.diary.heard("removed a"); }));
}

/// Each in a thread of its own that sleeps whenever it may: one wake-up that is lost stops both.
TEST_P(NodeEventLoop, LosesNoWakeUp) {
  std::atomic<bool> stop{false};
  Loop of_b;
  of_b.add(*b.node);
  bool b_slept_for_ever = false;
  std::thread thread([&] { b_slept_for_ever = !of_b.run([&] { return stop.load(); }); });
  Loop of_a;
  of_a.add(*a.node);
  std::size_t answers = 0;
  std::size_t calls = 0;
  const auto count = [&](CallOutcome outcome, std::span<const std::byte>) {
    EXPECT_EQ(outcome, CallOutcome::ok);
    ++answers;
  };
  const TimeNs begin = monotonic_ns();
  bool woke = true;
  const auto lasts = [&](DurationNs ns) { return monotonic_ns() - begin < ns; };
  while (woke && (lasts(3 * second) || (answers <= 50 && lasts(30 * second)))) {
    // One after the other, and sometimes a few that overtake the sleeper.
    for (std::size_t i = 0; i <= calls % 3; ++i)
      ASSERT_EQ(a.node->call("/echo", bytes("x"), 60 * second, count).result, SendResult::sent);
    calls += calls % 3 + 1;
    woke = of_a.run([&] { return answers == calls; });
  }
  EXPECT_TRUE(woke) << "after " << calls << " calls";
  stop = true;
  a.node->send(id("b"), bytes("wake"));
  a.node->flush();
  while (a.node->poll() > 0) {
  }
  thread.join();
  EXPECT_FALSE(b_slept_for_ever);
  EXPECT_GT(answers, 50U);
  EXPECT_GT(of_a.sleeps, 20U);
}

TEST_P(NodeEventLoop, NothingIsWrittenForWhoOnlyPolls) {
  if (GetParam() == Mode::run_inline) return;  // there the port is what becomes readable
  Loop woken;
  woken.add(*a.node);
  const TimeNs begin = monotonic_ns();
  while (monotonic_ns() - begin < 100 * ms) a.node->poll();  // what it was armed for has come
  b.node->send(id("a"), bytes("x"));
  while (a.diary.messages == 0) a.node->poll(), b.node->poll();
  epoll_event event;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event add{.events = EPOLLIN, .data = {.fd = 0}};
  ASSERT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, a.node->event_fd(), &add), 0);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, 0), 0);
  close(epoll);
}

/// A poll hears some of its messages only, and nothing lies behind it.
TEST_P(NodeEventLoop, NobodySleepsInTheMiddleOfAPacket) {
  constexpr std::size_t messages = 270;
  for (std::size_t i = 0; i < messages; ++i)
    ASSERT_EQ(b.node->send(id("a"), bytes("x")), SendResult::sent);
  while (a.diary.messages == 0) a.node->poll(), b.node->poll();
  ASSERT_LT(a.diary.messages, messages);
  EXPECT_FALSE(a.node->arm());
  while (a.node->poll() > 0) {
  }
  EXPECT_EQ(a.diary.messages, messages);
}

TEST(NodeEventLoopOverAPolledPort, IsRefusedWithTheRemedy) {
  Lone lone(loopback_config("a", Mode::run_inline));
  try {
    lone.node.event_fd();
    FAIL() << "there is nothing to wait on";
  } catch (const StartError& error) {
    EXPECT_NE(std::string(error.what()).find("mode = \"pipelined\""), std::string::npos);
  }
  EXPECT_THROW(lone.node.arm(), StartError);
}

}  // namespace
}  // namespace muster::test
