// The pool's share to send: what is claimed and not committed counts, and what is sent and not
// acknowledged.
#include <atomic>
#include <memory>
#include <vector>

#include "cluster/config.h"
#include "node/pool_shares.h"
#include "tests/node/party.h"

namespace muster::test {
namespace {

/// Of the nodes of a World; what topics may keep lies in the pool besides.
constexpr std::size_t pool_packets = 1024;
/// Packets that are on their way from one thread to another.
constexpr std::size_t on_their_way = 64;

class NodeClaims : public World {
 protected:
  /// Takes what there is until there has been none for a while, and none after the engine, which
  /// fills up what is taken, has gone round.
  void until_dry(Client& client, const std::function<bool()>& takes) {
    for (TimeNs last = monotonic_ns();; run_for(ms)) {
      const bool dry = monotonic_ns() - last > 50 * ms;
      if (dry) go_round(client);
      if (takes())
        last = monotonic_ns();
      else if (dry)
        return;
    }
  }
  /// As many as there are to be had.
  std::vector<Buffer> claim_all(Client& client) {
    std::vector<Buffer> claimed;
    until_dry(client, [&] {
      const std::size_t before = claimed.size();
      while (Buffer buffer = client.claim(64)) claimed.push_back(std::move(buffer));
      return claimed.size() > before;
    });
    return claimed;
  }
  std::size_t in_use(const Server& server) {
    return server.port->pool_packets() - server.port->free_packets();
  }
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeClaims, both_ways, mode_name);

TEST_P(NodeClaims, LeaveThePoolToReceiveWith) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  std::vector<Buffer> claimed = claim_all(*a.node);
  EXPECT_GT(claimed.size(), pool_packets / 8);
  EXPECT_LT(in_use(a), pool_share::to_send(pool_packets) + on_their_way);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(until([&] { return b->send(id("a"), bytes("x")) == SendResult::sent; }));
    b->flush();
  }
  EXPECT_TRUE(until([&] { return a.diary.messages == 100; }));
  EXPECT_EQ(a->claim(64).lacking().exhausted(), Exhausted::packets);
  EXPECT_FALSE(b.diary.heard("suspected a"));
  claimed.clear();
  EXPECT_TRUE(until([&] { return a->send(id("b"), bytes("y")) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return b.diary.heard("message y"); }));
}

/// Whichever comes first.
TEST_P(NodeClaims, ShareTheirRoomWithWhatIsSentAndNotAcknowledged) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  for (const bool claims_first : {true, false}) {
    b.port->state = Link::down;
    std::vector<Buffer> claimed;
    const auto claim = [&] { claimed = claim_all(*a.node); };
    const auto send = [&] {
      until_dry(*a.node, [&] {
        bool any = false;
        for (ChannelId channel = 0; channel < wire::channels; ++channel)
          while (a->send(id("b"), bytes(std::string(1'000, '.')), channel) == SendResult::sent)
            any = true;
        return any;
      });
    };
    claims_first ? (claim(), send()) : (send(), claim());
    EXPECT_GT(in_use(a), pool_share::to_send(pool_packets) / 4);
    EXPECT_LT(in_use(a), pool_share::to_send(pool_packets) + on_their_way);
    b.port->state = Link::up;
    claimed.clear();
    EXPECT_TRUE(until([&] { return in_use(a) < pool_share::unsent(pool_packets) + on_their_way; }));
  }
}

/// As often as it is done: none is lost on the way.
TEST_P(NodeClaims, MayBeTakenAndGivenBackForEver) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  for (int i = 0; i < 20; ++i) EXPECT_GT(claim_all(*a.node).size(), 64U);
  for (std::size_t i = 0; i < 3'000;
       ++i) {  // the second is copied behind the first, and given back
    ASSERT_TRUE(until([&] {
      Buffer one = a->claim(16);
      return a->commit(one, id("b"),
                       static_cast<ChannelId>(static_cast<std::size_t>(i / 2) % wire::channels)) ==
             SendResult::sent;
    }));
    if (i % 2 == 1) a->flush();
  }
  EXPECT_TRUE(until([&] { return b.diary.messages == 3'000; }));
  EXPECT_GT(claim_all(*a.node).size(), 64U);
}

TEST_P(NodeClaims, ShrinkToNoMoreThanTheyHold) {
  Server& a = start("a");
  for (const std::size_t bytes : {std::size_t{16}, std::size_t{100'000}}) {
    Buffer buffer;
    ASSERT_TRUE(until([&] { return bool{buffer = a->claim(bytes)}; }));
    buffer.shrink(bytes + 1);
    EXPECT_EQ(buffer.bytes().size(), bytes);
    buffer.shrink(bytes - 1);
    EXPECT_EQ(buffer.bytes().size(), bytes - 1);
    buffer.shrink(bytes);
    EXPECT_EQ(buffer.bytes().size(), bytes - 1);
  }
}

/// Memory that the largest messages had is used again for small ones, and counts as small.
TEST_P(NodeClaims, CountWhatTheyAskFor) {
  Server& a = start("a");
  const std::size_t limit = config("a").limits.long_message_bytes;
  std::vector<Buffer> claimed;
  while (Buffer buffer = a->claim(wire::message_bytes_max)) claimed.push_back(std::move(buffer));
  EXPECT_EQ(claimed.size(), limit / wire::message_bytes_max);
  claimed.clear();
  for (int i = 0; i < 100; ++i) {
    claimed.push_back(a->claim(100'000));
    ASSERT_TRUE(claimed.back()) << i;
    EXPECT_EQ(claimed.back().bytes().size(), 100'000U);
  }
  claimed.clear();
  while (Buffer buffer = a->claim(wire::message_bytes_max)) claimed.push_back(std::move(buffer));
  EXPECT_EQ(claimed.size(), limit / wire::message_bytes_max);
}

/// Two nodes: the line takes all that one of them sends, and brings back no acknowledgement.
class NodeCrowded : public NodeClaims {
 protected:
  void SetUp() override {
    NodeConfig wide = config("a");
    wide.messaging.congestion.kind = CongestionKind::fixed;
    a = &start(wide);
    b = &start("b");
    ASSERT_TRUE(settle());
    segment.lose(
        [unheard = unheard_, from_b = b->port->self()](const Packet& sent, const Endpoint& from) {
          const auto* header = reinterpret_cast<const wire::Header*>(sent.data);
          return *unheard && from == from_b && wire::Type{header->type} == wire::Type::session;
        });
  }
  void acknowledge() { *unheard_ = false; }
  /// Packets that a channel takes until there has been no room for a while.
  std::size_t fill(ChannelId channel) {
    std::size_t taken = 0;
    until_dry(*a->node, [&] {
      const std::size_t before = taken;
      while (const std::size_t some = send(channel, 64)) taken += some;
      return taken > before;
    });
    return taken;
  }
  /// As many as find room at once.
  std::size_t send(ChannelId channel, std::size_t packets_max) {
    const std::string payload(1'000, '.');  // two do not fit a packet
    std::size_t taken = 0;
    while (taken < packets_max && (*a)->send(id("b"), bytes(payload), channel) == SendResult::sent)
      ++taken;
    return taken;
  }

  Server* a = nullptr;
  Server* b = nullptr;

 private:
  /// The segment outlives a test.
  const std::shared_ptr<std::atomic<bool>> unheard_ = std::make_shared<std::atomic<bool>>(true);
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeCrowded, both_ways, mode_name);

/// A long message gets a packet when there is none for others, but one only.
TEST_P(NodeCrowded, ByLongMessagesLeavesThePoolToReceiveWith) {
  const std::string payload = long_message(200 * (*a)->packet_bytes_max());
  for (ChannelId channel = 0; channel < wire::channels; ++channel)
    ASSERT_TRUE(
        until([&] { return (*a)->send(id("b"), bytes(payload), channel) == SendResult::sent; }));
  run_for(300 * ms);
  EXPECT_GT(in_use(*a), pool_share::to_send(pool_packets) / 4);
  EXPECT_LT(in_use(*a), pool_share::to_send(pool_packets) + on_their_way);
  b->diary.on_data = [&](const Message& heard) { EXPECT_EQ(heard.size(), payload.size()); };
  acknowledge();
  EXPECT_TRUE(until([&] { return b->diary.messages == wire::channels; }));
}

TEST_P(NodeCrowded, GivesAChannelFewThatAreNotAcknowledged) {
  std::size_t taken = fill(0) + fill(1);
  EXPECT_GT(taken, pool_share::to_send(pool_packets) / 4);
  for (ChannelId channel = 2; channel < wire::channels; ++channel) {
    const std::size_t of_one = fill(channel);
    EXPECT_GT(of_one, 0U);
    EXPECT_LE(of_one, crowded_packets);
    taken += of_one;
  }
  acknowledge();
  EXPECT_TRUE(until([&] { return b->diary.messages == taken; }));
  EXPECT_TRUE(until([&] { return in_use(*a) < pool_share::to_send(pool_packets) / 2; }));
  EXPECT_TRUE(until([&] { return send(2, 64) > crowded_packets; }));
}

class NodeClientClaims : public NodeClaims {};
INSTANTIATE_TEST_SUITE_P(Threads, NodeClientClaims, testing::Values(Mode::pipelined), mode_name);

TEST_P(NodeClientClaims, OfOneThreadLeaveRoomToTheOthers) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  Party one(*a.node, on(1));
  Party other(*a.node, on(2));
  ASSERT_TRUE(one.knows("b") && other.knows("b"));
  const std::vector<Buffer> of_one = claim_all(one.client);
  const std::vector<Buffer> of_node = claim_all(*a.node);
  EXPECT_LT(of_one.size(), pool_packets / 16);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(other.until([&] {
      b->poll();
      return other.client.send(id("b"), bytes(std::string(1'000, '.'))) == SendResult::sent;
    }));
  }
  EXPECT_TRUE(other.until([&] {
    b->poll();
    return b.diary.messages == 200;
  }));
}

}  // namespace
}  // namespace muster::test
