// What one thread of the application asks of the engine's, in the order in which it asks.
#include "node/lane.h"

#include <thread>

#include <poll.h>

#include "node/engine.h"
#include "node/member_config.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

/// An engine that goes round when the test wants it to.
class NodeLane : public testing::Test {
 protected:
  /// `asks` waits for an errand: between two cycles, before the lane is served in the next.
  void run_errand_of(const std::function<void()>& asks) {
    std::thread application(asks);
    while (shared.errands.run(engine, monotonic_ns()) == 0) std::this_thread::yield();
    application.join();
  }

  void end_cycle() {
    std::size_t unsent = 0;
    lane.engines().settle(engine, unsent, false);
  }

  const NodeConfig config = loopback_config("a", Mode::pipelined);
  Segment segment;
  const std::unique_ptr<LoopbackTransport> port = segment.plug({0x0a4d0001, 7777});
  Lane::Shared shared;
  Lane lane{config, *port, shared, all_channels};
  Engine engine{config, member_config(config, port->self()), *port, lane.engines().listener(),
                Engine::Credits::with};
};

TEST_F(NodeLane, AnErrandDoesNotOvertakeWhatWasAskedBefore) {
  engine.start(monotonic_ns());
  const TopicConfig prices{.name = "/prices"};
  TopicResult first{}, again{};
  run_errand_of([&] { first = lane.announce(prices).announced.result; });
  ASSERT_EQ(first, TopicResult::done);
  ASSERT_TRUE(lane.execute(WithdrawAll{}));
  run_errand_of([&] { again = lane.announce(prices).announced.result; });
  EXPECT_EQ(again, TopicResult::done) << "the first one is withdrawn by then";
}

TEST_F(NodeLane, RoomThatIsMadeForAnErrandWakesWhoWantsIt) {
  const int fd = lane.event_fd();
  for (std::uint32_t before = 0; before != port->free_packets();) {  // until the stock is full
    before = port->free_packets();
    end_cycle();
  }
  lane.begin_cycle();
  ASSERT_TRUE(lane.execute(Withdraw{"/x"}));
  run_errand_of([&] { lane.subscribe("no path", From::now); });
  end_cycle();
  ASSERT_TRUE(lane.arm(never_ns, true));
  end_cycle();
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&waited, 1, 0), 1);
}

}  // namespace
}  // namespace muster::test
