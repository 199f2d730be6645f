// Channels to one peer do not wait for each other.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

TEST(Channels, AreAStreamOfTheirOwnEach) {
  Pair pair(uncontrolled());
  for (int i = 0; i < 3; ++i)
    for (ChannelId channel = 0; channel < wire::channels; ++channel)
      pair.a.say(pair.b, std::to_string(channel) + "." + std::to_string(i), channel);
  const auto sent = pair.a.transmit(0);
  ASSERT_EQ(sent.size(), 3 * wire::channels);
  for (const auto& datagram : sent) EXPECT_LE(session_of(datagram.bytes).sequence, 3U);
  pair.b.hear(0, sent);
  EXPECT_EQ(pair.b.transmit(0).size(), wire::channels);
  for (ChannelId channel = 0; channel < wire::channels; ++channel) {
    const std::string name = std::to_string(channel) + ".";
    EXPECT_EQ(pair.b.application.messages(channel), (Strings{name + "0", name + "1", name + "2"}));
  }
}

/// Without waiting for a timeout: what is overtaken on one is lost on the other.
TEST(Channels, HearOfTheirLossesFromEachOther) {
  Pair pair;
  pair.a.say(pair.b, "lost", 1);
  pair.a.transmit(0);
  for (int i = 0; i < 3; ++i) pair.a.say(pair.b, "arrives", 2);
  pair.b.hear(1000, pair.a.transmit(1000));
  pair.a.hear(2000, pair.b.transmit(2000));
  pair.b.hear(3000, pair.a.transmit(3000));
  EXPECT_EQ(pair.b.application.messages(1), Strings{"lost"});
}

TEST(Channels, DoNotWaitForOneWhoseApplicationRefuses) {
  Pair pair;
  pair.b.application.room[1] = 0;
  const int waiting = pair.a.say_all_it_can(pair.b, "slow", 1);
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages(1), Strings{});
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(pair.a.say(pair.b, "fast", 2), SendResult::sent);
    pair.settle(0);
  }
  EXPECT_EQ(pair.b.application.messages(2).size(), 1000U);
  EXPECT_EQ(pair.a.stats().packets_retransmitted, 0U);
  pair.b.application.room[1] = 10'000;
  TimeNs now = 0;
  pair.settle_in_time(now);
  EXPECT_EQ(pair.b.application.messages(1).size(), static_cast<std::size_t>(waiting));
}

/// One at a time, as soon as the one before has arrived; of what channel 1 sends nothing does.
int say_on_2_while_1_is_lost(Pair& pair, TimeNs& now, DurationNs duration) {
  std::size_t said = pair.b.application.messages(2).size();
  for (const TimeNs end = now + duration; now < end; now += 100 * us) {
    if (pair.b.application.messages(2).size() == said) {
      EXPECT_EQ(pair.a.say(pair.b, "arrives", 2), SendResult::sent);
      ++said;
    }
    pair.a.messaging.on_deadline(now);
    for (const auto& datagram : pair.a.transmit(now))
      if (session_of(datagram.bytes).channel != 1) {
        EXPECT_TRUE(pair.b.hear(now, datagram.bytes));
      }
    pair.a.hear(now, pair.b.transmit(now));
  }
  return static_cast<int>(said);
}

/// With a round trip of 100 us.
void go_on(Pair& pair, TimeNs& now, DurationNs duration) {
  for (const TimeNs end = now + duration; now < end; now += 100 * us) {
    pair.a.messaging.on_deadline(now);
    pair.b.hear(now, pair.a.transmit(now));
    pair.a.hear(now, pair.b.transmit(now));
  }
}

TEST(Channels, DoNotWaitForOneThatLosesEverything) {
  Pair pair(uncontrolled());
  pair.a.say_all_it_can(pair.b, "lost", 1);
  TimeNs now = 0;
  EXPECT_EQ(say_on_2_while_1_is_lost(pair, now, 100 * ms), 1000);
  EXPECT_EQ(pair.b.application.messages(1), Strings{});
  EXPECT_GT(pair.a.stats().packets_retransmitted, 10U);
}

/// It has filled the way before it falls silent: after two timeouts that is free again.
TEST(Channels, DoNotWaitForLongForOneThatLosesAWholeWindow) {
  for (const std::uint32_t narrow : {1U, 2U, 8U, 1024U}) {
    SCOPED_TRACE(narrow);
    MessagingConfig config;
    config.congestion.window_packets_max = narrow;
    Pair pair(config);
    pair.a.say_all_it_can(pair.b, "lost", 1);
    TimeNs now = 0;
    pair.a.transmit(now);
    say_on_2_while_1_is_lost(pair, now, 31 * ms);  // 10 and 20, as nothing has been measured
    const int before = static_cast<int>(pair.b.application.messages(2).size());
    EXPECT_EQ(say_on_2_while_1_is_lost(pair, now, 100 * ms) - before, 1000);
    go_on(pair, now, second);
    EXPECT_EQ(pair.b.application.messages(1).size(), 320U);
  }
}

/// Others have taken up what may be held, and its application takes nothing.
TEST(Channels, DoNotWaitForOneForWhichThereIsNoRoom) {
  for (const std::uint32_t narrow : {1U, 8U, 1024U}) {
    SCOPED_TRACE(narrow);
    MessagingConfig config;
    config.held_packets = 8;
    config.congestion.window_packets_max = narrow;
    Pair pair(config);
    pair.b.application.room[1] = 0;
    const int waiting = pair.a.say_all_it_can(pair.b, "slow", 1);
    TimeNs now = 0;
    go_on(pair, now, 50 * ms);
    const std::uint64_t again = pair.a.stats().packets_retransmitted;
    for (std::size_t said = 1; said <= 1000; ++said) {
      ASSERT_EQ(pair.a.say(pair.b, "fast", 2), SendResult::sent);
      go_on(pair, now, 100 * us);
      ASSERT_EQ(pair.b.application.messages(2).size(), said);
    }
    EXPECT_LT(pair.a.stats().packets_retransmitted - again, 20U) << "what there is no room for";
    pair.b.application.room[1] = 10'000;
    go_on(pair, now, second);
    EXPECT_EQ(pair.b.application.messages(1).size(), static_cast<std::size_t>(waiting));
  }
}

TEST(Channels, TakeTurnsInOneTransmit) {
  MessagingConfig config;
  config.window_packets = 1024;
  Pair pair(config);
  for (int i = 0; i < 500; ++i) pair.a.say(pair.b, "long", 0);
  for (int i = 0; i < 3; ++i) pair.a.say(pair.b, "short", 1);
  const auto sent = pair.a.transmit(0);
  const auto last = std::find_if(sent.rbegin(), sent.rend(), [](const auto& datagram) {
    return session_of(datagram.bytes).channel == 1;
  });
  EXPECT_LT(sent.rend() - last, 20);
}

// One acknowledgement frees the way for all.
TEST(Channels, ShareTheCongestionWindow) {
  MessagingConfig config;
  config.congestion.window_packets_max = 8;
  Pair pair(config);
  for (int i = 0; i < 8; ++i) pair.a.say(pair.b, "first", 0);
  pair.a.say(pair.b, "second", 1);
  const auto sent = pair.a.transmit(0);
  ASSERT_EQ(sent.size(), 8U);
  pair.b.hear(0, sent);
  pair.settle(0);
  EXPECT_EQ(pair.b.application.messages(0).size(), 8U);
  EXPECT_EQ(pair.b.application.messages(1).size(), 1U);
}

TEST(Channels, TakeTurnsAlsoWhereTheWayIsNarrow) {
  for (const std::uint32_t narrow : {1U, 8U}) {
    MessagingConfig config;
    config.window_packets = config.queue_packets = 16;
    config.congestion.window_packets_max = narrow;
    Pair pair(config);
    for (int round = 0; round < 10; ++round) {
      for (ChannelId channel = 0; channel < wire::channels; ++channel)
        pair.a.say_all_it_can(pair.b, "x", channel);
      for (std::size_t turns = 0; turns < wire::channels; ++turns) {
        pair.b.hear(0, pair.a.transmit(0));
        pair.a.hear(0, pair.b.transmit(0));
      }
    }
    for (ChannelId channel = 0; channel < wire::channels; ++channel)
      EXPECT_EQ(pair.b.application.messages(channel).size(), 10 * narrow) << int{channel};
  }
}

// What may be held together is used up by others: the next in order is taken all the same.
TEST(Channels, OfManyPeersGoOnThoughNoMoreMayBeHeld) {
  MessagingConfig config;
  config.held_packets = 8;
  Side receiver(1, 10, config);
  std::vector<std::unique_ptr<Side>> senders;
  for (std::uint64_t id = 2; id < 12; ++id) {
    senders.push_back(std::make_unique<Side>(id, 20));
    senders.back()->meet(receiver);
    receiver.meet(*senders.back());
    for (ChannelId channel = 0; channel < 4; ++channel)
      for (int i = 0; i < 10; ++i) senders.back()->say(receiver, std::to_string(i), channel);
  }
  std::size_t carried = 0;
  for (TimeNs now = 0; now < 20 * second && receiver.application.heard.size() < 400;
       now += 100 * us) {
    for (const auto& sender : senders) {
      sender->messaging.on_deadline(now);
      for (const auto& datagram : sender->transmit(now))
        if (++carried % 3 != 0) {
          EXPECT_TRUE(receiver.hear(now, datagram.bytes));
        }
    }
    for (const auto& datagram : receiver.transmit(now)) {
      for (const auto& sender : senders)
        if (sender->endpoint == datagram.to) {
          EXPECT_TRUE(sender->hear(now, datagram.bytes));
        }
    }
  }
  EXPECT_EQ(receiver.application.heard.size(), 400U);
  EXPECT_GT(receiver.stats().packets_without_room, 0U);
  EXPECT_EQ(receiver.port.alive(), 0U);
}

}  // namespace
}  // namespace muster::test
