// Channels that go to another thread while a long message comes in on them.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tests/node/party.h"

namespace muster::test {
namespace {

constexpr ChannelId handed_over = 4;

class NodeHandOver : public WithClients {
 protected:
  /// A message from a to b of which half has come, to `party` or to the node, by the time this
  /// returns.
  void send_half(Party* party = nullptr) {
    segment.lose([whole = whole_](const Packet& packet, const Endpoint&) {
      const auto* header = reinterpret_cast<const wire::Header*>(packet.data);
      if (wire::Type{header->type} != wire::Type::session || whole->load()) return false;
      const auto* session = reinterpret_cast<const wire::Session*>(header + 1);
      return session->channel == handed_over && session->sequence > packets_ / 2;
    });
    message_ = long_message(packets_ * (*a)->packet_bytes_max());
    ASSERT_TRUE(until(
        [&] { return (*a)->send(id("b"), bytes(message_), handed_over) == SendResult::sent; }));
    const auto heard = [&] {
      if (party != nullptr) party->client.poll();
      return received() >= packets_ / 2;
    };
    ASSERT_TRUE(until(heard));
    run_for(20 * ms);
  }
  void let_the_rest_come() { whole_->store(true); }
  void send_next() {
    ASSERT_TRUE(
        until([&] { return (*a)->send(id("b"), bytes("next"), handed_over) == SendResult::sent; }));
  }
  /// Polls the nodes as well.
  bool until_both(Party& party, const std::function<bool()>& done) {
    return until([&] {
      party.client.poll();
      return done();
    });
  }
  std::uint64_t received() {
    return (*b)->stats().packets_received[static_cast<std::size_t>(wire::Type::session)];
  }
  /// Hears the long message, and writes down what else there is.
  void expect_the_long_one(Diary& diary) {
    diary.on_data = [this, &diary](const Message& heard) {
      if (heard.size() < message_.size()) return diary.entries.push_back(text(heard.bytes()));
      EXPECT_EQ(text(heard.bytes()), message_);
      ++long_ones_;
    };
  }

  static constexpr std::size_t packets_ = 200;
  std::string message_;
  int long_ones_ = 0;

 private:
  const std::shared_ptr<std::atomic<bool>> whole_ = std::make_shared<std::atomic<bool>>(false);
};
INSTANTIATE_TEST_SUITE_P(Threads, NodeHandOver, testing::Values(Mode::pipelined), mode_name);

TEST_P(NodeHandOver, LeavesWhatHasBegunToWhoHearsIt) {
  send_half();
  expect_the_long_one(b->diary);
  Party party(*b->node, on(handed_over, false));
  let_the_rest_come();
  EXPECT_TRUE(until_both(party, [&] { return long_ones_ == 1; }));
  send_next();
  EXPECT_TRUE(until_both(party, [&] { return party.diary.heard("message next"); }));
  EXPECT_EQ(b->diary.messages, 1U);
  EXPECT_EQ(party.diary.messages, 1U);
  EXPECT_EQ((*b)->stats().messages_unsound, 0U);
}

/// Also where the channel comes back before that has ended.
TEST_P(NodeHandOver, AndBackAgainLosesNothing) {
  send_half();
  expect_the_long_one(b->diary);
  std::optional<Party> party(std::in_place, *b->node, on(handed_over, false));
  party.reset();
  run_for(20 * ms);  // the node hears that the channel is its own again
  party.emplace(*b->node, on(handed_over, false));
  party.reset();
  let_the_rest_come();
  EXPECT_TRUE(until([&] { return long_ones_ == 1; }));
  send_next();
  EXPECT_TRUE(until([&] { return b->diary.heard("next"); }));
  EXPECT_EQ((*b)->stats().messages_unsound, 0U);
}

/// What it has heard of it is gone.
TEST_P(NodeHandOver, OfWhoHasGoneTheRestIsNobodys) {
  std::optional<Party> party(std::in_place, *b->node, on(handed_over, false));
  ASSERT_TRUE(until_both(*party, [&] { return party->client.member(id("a")) != nullptr; }));
  send_half(&*party);
  party.reset();
  let_the_rest_come();
  send_next();
  EXPECT_TRUE(until([&] { return b->diary.heard("message next"); }));
  EXPECT_EQ(b->diary.messages, 1U);
  EXPECT_EQ((*b)->stats().messages_unsound, 0U);
}

}  // namespace
}  // namespace muster::test
