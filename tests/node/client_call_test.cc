// Calls of several threads, one after the other, on one channel.
#include <optional>

#include "tests/node/party.h"

namespace muster::test {
namespace {

class NodeClientCall : public WithClients {
 protected:
  /// On channel 1, by whoever has it now.
  void call(Client& client, DurationNs deadline_ns) {
    outcome.reset();
    const auto ended = [this](CallOutcome how, std::span<const std::byte> bytes) {
      outcome = how;
      payload = text(bytes);
    };
    ASSERT_TRUE(until([&] {
      client.poll();
      return client.call(id("b"), "/s", {}, deadline_ns, ended, 1).result == SendResult::sent;
    }));
  }
  bool ends(Client& client) {
    return until([&] {
      client.poll();
      return outcome.has_value();
    });
  }
  bool falls_back() {
    return until([&] { return (*a)->send(id("b"), bytes("the node's"), 1) == SendResult::sent; });
  }
  /// As many have come to b.
  bool held_at_b(Client& client, std::size_t calls) {
    return until([&] {
      client.poll();
      return held.size() == calls;
    });
  }
  void TearDown() override { held.clear(); }

  std::vector<Responder> held;
  std::optional<CallOutcome> outcome;
  std::string payload;
};
INSTANTIATE_TEST_SUITE_P(Threads, NodeClientCall, testing::Values(Mode::pipelined), mode_name);

/// Neither that of the next client nor that of the node, to which the channel falls back.
TEST_P(NodeClientCall, ALateAnswerEndsNoCallOfWhoeverHasTheChannelNow) {
  ASSERT_EQ(
      (*b)->serve("/s", {},
                  [this](const Request&, Responder answer) { held.push_back(std::move(answer)); }),
      AdvertiseResult::done);
  const auto gives_up = [this](Client& client, std::size_t calls) {
    call(client, 50 * ms);
    EXPECT_TRUE(held_at_b(client, calls));
    EXPECT_TRUE(ends(client));
    EXPECT_EQ(outcome, CallOutcome::deadline);
  };
  const auto hears_its_own = [this](Client& client, std::size_t calls) {
    call(client, 10 * second);
    ASSERT_TRUE(held_at_b(client, calls));
    EXPECT_EQ(held[calls - 2].reply(bytes("late")), SendResult::sent);
    EXPECT_EQ(held[calls - 1].reply(bytes("its own")), SendResult::sent);
    ASSERT_TRUE(ends(client));
    EXPECT_EQ(outcome, CallOutcome::ok);
    EXPECT_EQ(payload, "its own");
  };
  {
    Party first(*a->node, on(1, false));
    gives_up(first.client, 1);
  }
  ASSERT_TRUE(falls_back());
  {
    Party second(*a->node, on(1, false));
    hears_its_own(second.client, 2);
    gives_up(second.client, 3);
  }
  ASSERT_TRUE(falls_back());
  hears_its_own(*a->node, 4);
}

}  // namespace
}  // namespace muster::test
