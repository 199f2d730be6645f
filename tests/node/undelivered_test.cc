// Reports of what was sent and may not have arrived: each message once, whatever happens meanwhile.
#include <deque>
#include <stdexcept>

#include "tests/node/party.h"

namespace muster::test {
namespace {

/// Throws after it has noted.
struct Throwing : Diary {
  void on_undelivered(const Undelivered& report) override {
    Diary::on_undelivered(report);
    throw std::runtime_error("the handler's own");
  }
  void on_removed(const MemberInfo& member, RemovalReason reason) override {
    Diary::on_removed(member, reason);
    throw std::runtime_error("the handler's own");
  }
};

class NodeUndelivered : public World {};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeUndelivered, both_ways, mode_name);

/// Something is gathered on each of several channels when the callback for the first throws.
TEST_P(NodeUndelivered, IsReportedForEachChannelThoughACallbackThrows) {
  Throwing diary;
  NodeConfig config = this->config("a");
  config.address = "10.77.0.9/24";
  Node node =
      make_node(config, diary, segment.plug({parse_network(config.address)->address, config.port}));
  Server& b = start("b");
  const auto poll = [&] {
    try {
      node.poll();
    } catch (const std::runtime_error&) {
    }
  };
  const auto eventually = [&](const std::function<bool()>& done) {
    return until([&] {
      poll();
      return done();
    });
  };
  ASSERT_TRUE(eventually([&] {
    return node.standing() == Standing::member && node.member(id("b")) != nullptr &&
           b->members().size() == 1;
  }));
  b->leave();
  // What it sends from here on is gathered when it hears of the leave, inline in this very poll.
  ASSERT_TRUE(until([&] { return b->standing() == Standing::left; }));
  for (ChannelId channel = 1; channel <= 3; ++channel)
    ASSERT_EQ(node.send(id("b"), bytes("x"), channel), SendResult::sent);
  bool ended = false;
  ASSERT_EQ(node.call(id("b"), "/s", {}, 60 * second,
                      [&](CallOutcome outcome, auto) {
                        EXPECT_EQ(outcome, CallOutcome::member_removed);
                        ended = true;
                        throw std::runtime_error("the callback's own");
                      })
                .result,
            SendResult::sent);
  ASSERT_TRUE(eventually([&] { return diary.heard("removed b"); }));
  EXPECT_TRUE(ended);
  EXPECT_EQ(diary.reports.size(), 4U);
  EXPECT_EQ(diary.undelivered, 4U);
  EXPECT_TRUE(node.members().empty());
  for (int i = 0; i < 3; ++i) poll();  // flushes what is gathered, and that is nothing
}

/// Also what had only been gathered.
TEST_P(NodeUndelivered, IsNothingThatFoundRoomBeforeTheNodeEnds) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  for (ChannelId channel = 0; channel < 4; ++channel)
    for (int i = 0; i < 5; ++i) ASSERT_EQ(a->send(id("b"), bytes("x"), channel), SendResult::sent);
  a.node.reset();
  ASSERT_TRUE(until([&] { return b.diary.heard("removed a"); }));
  EXPECT_EQ(b.diary.messages, 20U);
}

class NodeUndeliveredOfClients : public WithClients {};
INSTANTIATE_TEST_SUITE_P(Threads, NodeUndeliveredOfClients, testing::Values(Mode::pipelined),
                         mode_name);

/// It is on its way to the engine when the client hears that the member has left.
TEST_P(NodeUndeliveredOfClients, IsReportedOnceWhereTheMemberHasLeft) {
  std::deque<Party> parties;
  for (ChannelId channel = 1; channel < wire::channels; ++channel)
    ASSERT_TRUE(parties.emplace_back(*a->node, on(channel, false)).knows("b"));
  (*a)->leave();
  ASSERT_TRUE(until([&] { return (*a)->standing() == Standing::left; }));
  run_for(10 * ms);  // the others have been told as well, and have not heard it
  for (Party& party : parties) {
    for (int i = 0; i < 5; ++i) ASSERT_EQ(party.client.send(id("b"), bytes("x")), SendResult::sent);
    party.client.flush();
    party.client.poll();
  }
  run_for(50 * ms);
  for (Party& party : parties) {
    ASSERT_TRUE(party.until([&] { return party.client.standing() == Standing::left; }));
    for (int i = 0; i < 3; ++i) party.client.poll();  // what the engine would have told since
    EXPECT_EQ(party.diary.undelivered, 5U);
  }
}

}  // namespace
}  // namespace muster::test
