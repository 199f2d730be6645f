// Lines whose round trips are longer than the first timeout, or than what was measured before
// (docs/protocol.md §7.4).
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

constexpr std::size_t megabyte_packets = 800;

/// What one side says the other hears half a round trip later.
class LongLine {
 public:
  explicit LongLine(DurationNs round_trip_ns, const MessagingConfig& config = {})
      : round_trip_ns_(round_trip_ns), pair_(config) {}

  void set_round_trip(DurationNs round_trip_ns) { round_trip_ns_ = round_trip_ns; }
  const MessagingStats& stats() const { return pair_.a.stats(); }

  /// Until so many full packets are acknowledged, and nothing is on the line; how many round trips
  /// that takes.
  double carry(std::size_t packets) {
    const std::string payload(1300, 'x');
    const TimeNs began = now_;
    while (packets > 0 || pair_.a.messaging.packets_to_send({pair_.b.key, 0}) > 0) {
      while (packets > 0 && pair_.a.say(pair_.b, payload) == SendResult::sent) --packets;
      step();
    }
    const TimeNs took = now_ - began;
    while (!line_.empty()) step();
    return static_cast<double>(took) / static_cast<double>(round_trip_ns_);
  }
  void ping(int times) {
    while (times-- > 0) carry(1);
  }

 private:
  void step() {
    send(pair_.a, pair_.b);
    send(pair_.b, pair_.a);
    TimeNs next = std::min(pair_.a.messaging.next_deadline(), pair_.b.messaging.next_deadline());
    if (!line_.empty()) next = std::min(next, line_.begin()->first);
    if (next != never_ns) now_ = std::max(now_, next);
    while (!line_.empty() && line_.begin()->first <= now_) {
      const auto arrival = line_.extract(line_.begin());
      EXPECT_TRUE(arrival.mapped().first->hear(now_, arrival.mapped().second));
    }
    for (Side* side : {&pair_.a, &pair_.b}) side->messaging.on_deadline(now_);
  }
  void send(Side& from, Side& to) {
    for (auto& datagram : from.transmit(now_))
      line_.emplace(now_ + round_trip_ns_ / 2, std::pair{&to, std::move(datagram.bytes)});
  }

  DurationNs round_trip_ns_;
  Pair pair_;
  TimeNs now_ = 0;
  std::multimap<TimeNs, std::pair<Side*, Bytes>> line_;
};

/// The timeouts of the preset for long lines.
MessagingConfig wan() {
  MessagingConfig config;
  config.retransmit_min_ns = 1 * ms;
  config.retransmit_max_ns = 2 * second;
  return config;
}

/// Nothing is sent twice any more, and what is many goes in few round trips.
void expect_measured(LongLine& line) {
  const std::uint64_t again = line.stats().packets_retransmitted;
  line.ping(10);
  EXPECT_EQ(line.stats().packets_retransmitted, again);
  EXPECT_LT(line.carry(megabyte_packets), 20);
  EXPECT_EQ(line.stats().packets_retransmitted, again);
}

TEST(LongLine, IsMeasuredByOnePacketAtATime) {
  for (const MessagingConfig& config : {MessagingConfig{}, wan()}) {
    for (const DurationNs round_trip : {11 * ms, 50 * ms, 150 * ms, 300 * ms, 700 * ms}) {
      SCOPED_TRACE(std::to_string(round_trip / ms) + " ms");
      LongLine line(round_trip, config);
      line.ping(10);
      expect_measured(line);
    }
  }
}

TEST(LongLine, IsMeasuredAnewWhenItHasBecomeLonger) {
  for (const DurationNs round_trip : {2 * ms, 50 * ms, 150 * ms, 700 * ms}) {
    SCOPED_TRACE(std::to_string(round_trip / ms) + " ms");
    LongLine line(100 * us);
    line.ping(10);
    line.set_round_trip(round_trip);
    line.ping(30);
    line.carry(megabyte_packets);  // what is the lowest now has to be learnt as well
    line.carry(megabyte_packets);
    expect_measured(line);
  }
}

TEST(LongLine, IsNoReasonForASmallerWindowBeforeItIsMeasured) {
  LongLine line(500 * ms, wan());
  EXPECT_LT(line.carry(megabyte_packets), 12);
}

}  // namespace
}  // namespace muster::test
