// Two members over a line that loses, doubles, delays and reorders, with applications that refuse
// and pools that run dry. The seed picks the mix of faults as well as the dice.
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

class LossyPair {
 public:
  explicit LossyPair(std::uint64_t seed)
      : random_(seed),
        loss_percent_(random_() % 40),
        duplicate_percent_(random_() % 30),
        delay_max_ns_(1 + random_() % (500 * us)),
        refuse_percent_(random_() % 60),
        exhaust_percent_(random_() % 30) {}

  void run() {
    for (TimeNs now = 0; now < 100 * second && !done(); now += 10 * us) {
      deliver(now);
      for (Side* side : {&pair_.a, &pair_.b}) cycle(now, *side);
    }
    expect_exactly_once();
  }

 private:
  static constexpr std::size_t messages = 300;

  Side& other(const Side& side) { return &side == &pair_.a ? pair_.b : pair_.a; }
  bool chance(std::uint64_t percent) { return random_() % 100 < percent; }

  static std::string message(std::size_t number) {
    return std::to_string(number) + std::string(number * 7 % 600, 'x');
  }

  bool done() {
    for (Side* side : {&pair_.a, &pair_.b})
      if (said_[side] < messages || side->port.alive() > 0) return false;
    return line_.empty();
  }

  void deliver(TimeNs now) {
    while (!line_.empty() && line_.begin()->first <= now) {
      auto node = line_.extract(line_.begin());
      auto& [to, bytes] = node.mapped();
      to->application.room = chance(refuse_percent_) ? 0 : 3;
      EXPECT_TRUE(to->hear(now, bytes));
    }
  }

  void cycle(TimeNs now, Side& side) {
    if (chance(exhaust_percent_)) side.port.set_packets_max(side.port.alive());
    for (int burst = 0; burst < 4 && said_[&side] < messages; ++burst) {
      if (side.say(now, other(side).key.id, message(said_[&side])) != SendResult::sent) break;
      ++said_[&side];
    }
    if (side.messaging.next_deadline() <= now) side.messaging.on_deadline(now);
    side.application.room = chance(refuse_percent_) ? 0 : 3;
    for (auto& datagram : side.transmit()) {
      for (int copies = chance(duplicate_percent_) ? 2 : 1; copies > 0; --copies)
        if (!chance(loss_percent_))
          line_.emplace(now + random_() % delay_max_ns_, std::pair(&other(side), datagram.bytes));
    }
    side.port.set_packets_max(4096);
  }

  void expect_exactly_once() {
    for (Side* side : {&pair_.a, &pair_.b}) {
      ASSERT_EQ(side->application.messages.size(), messages);
      for (std::size_t i = 0; i < messages; ++i)
        ASSERT_EQ(side->application.messages[i], message(i)) << "at " << i;
      EXPECT_EQ(side->port.alive(), 0U);
      EXPECT_EQ(side->stats().acknowledgements_absurd, 0U);
      EXPECT_TRUE(side->application.undelivered.empty());
    }
  }

  std::mt19937_64 random_;
  std::uint64_t loss_percent_;
  std::uint64_t duplicate_percent_;
  DurationNs delay_max_ns_;
  std::uint64_t refuse_percent_;
  std::uint64_t exhaust_percent_;
  Pair pair_;
  std::map<Side*, std::size_t> said_;
  std::multimap<TimeNs, std::pair<Side*, Bytes>> line_;
};

TEST(LossyPair, DeliversEverythingExactlyOnceAndInOrder) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LossyPair(seed).run();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace muster::test
