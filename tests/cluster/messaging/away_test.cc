// What a round trip owes to its ends, and not to the line (docs/protocol.md §7.4).
#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"
#include "tests/cluster/messaging/tested_window.h"

namespace muster::test {
namespace {

constexpr std::uint16_t credit = 64;
constexpr DurationNs unit_ns = wire::away_unit_ns;

/// A packet goes at `sent`, and its acknowledgement comes.
DurationNs away_of_one(TestedWindow& tested, TimeNs sent, std::uint64_t number,
                       std::uint16_t away) {
  tested.send(sent, 1);
  const Sequence last = tested.window->next() - 1;
  EXPECT_TRUE(tested.acknowledge_in(number, sent + 10 * ms, last, {}, credit, away));
  return tested.allowance->round_trip.value_or(RoundTrip{.ns = 0, .away_ns = never_ns}).away_ns;
}

TEST(Away, IsWhatBothEndsWereBetweenSendingAndAcknowledgement) {
  TestedWindow tested;
  EXPECT_EQ(away_of_one(tested, 1 * ms, 1, 1000), 0U);  // counted from any moment
  tested.outbox.was_away(5 * ms);                       // before the packet goes
  tested.send(20 * ms, 1);
  tested.outbox.was_away(3 * ms);
  ASSERT_TRUE(tested.acknowledge_in(2, 30 * ms, 2, {}, credit, 1100));
  EXPECT_EQ(tested.allowance->round_trip->ns, 10 * ms);
  EXPECT_EQ(tested.allowance->round_trip->away_ns, 3 * ms + 100 * unit_ns);
  EXPECT_EQ(away_of_one(tested, 40 * ms, 3, 1100), 0U);
}

TEST(Away, GoesOnWhereItsFieldBeginsAgain) {
  TestedWindow tested;
  away_of_one(tested, 1 * ms, 1, 0xfff0);
  EXPECT_EQ(away_of_one(tested, 20 * ms, 2, 0x0010), 0x20 * unit_ns);
}

TEST(Away, IsNotTakenFromPacketsThatWereOvertaken) {
  TestedWindow tested;
  away_of_one(tested, 1 * ms, 5, 1000);
  EXPECT_EQ(away_of_one(tested, 20 * ms, 4, 900), 0U);
  EXPECT_EQ(away_of_one(tested, 40 * ms, 6, 1001), unit_ns);
}

TEST(Away, IsToldInUnitsThatBeginAgain) {
  MemoryPort port;
  Outbox outbox(port, Sender{});
  outbox.was_away(unit_ns - 1);
  EXPECT_EQ(outbox.away(), 0U);
  outbox.was_away(1);
  EXPECT_EQ(outbox.away(), 1U);
  outbox.was_away(0xffff * unit_ns);
  EXPECT_EQ(outbox.away(), 0U);
}

TEST(Away, IsSaidWithWhateverAcknowledges) {
  Pair pair;
  pair.b.outbox.was_away(7 * unit_ns);
  const auto said = [&] {
    pair.b.messaging.transmit(1 * second);
    std::vector<std::uint16_t> away;
    for (const auto& datagram : pair.b.port.take_transmitted())
      away.push_back(
          reinterpret_cast<const wire::Session*>(datagram.bytes.data() + sizeof(wire::Header))
              ->away);
    return away;
  };
  pair.a.say(pair.b, "to b");
  pair.a.messaging.transmit(0);
  pair.b.hear(0, pair.a.port.take_transmitted());
  EXPECT_EQ(said(), std::vector<std::uint16_t>{7});  // an acknowledgement alone
  pair.b.outbox.was_away(2 * unit_ns);
  pair.b.say(pair.a, "to a");
  EXPECT_EQ(said(), std::vector<std::uint16_t>{9});
}

}  // namespace
}  // namespace muster::test
