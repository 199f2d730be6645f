// What a listener keeps when it can keep no more.
#include "node/listener.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace muster::test {
namespace {

struct NoPackets final : PacketPort {
  Packet* allocate() override { return nullptr; }
  void retain(Packet&) override {}
  void release(Packet&) override {}
  void transmit(Packet&) override {}
};

constexpr MemberKey alice{MemberId{1}, 1};
constexpr MemberKey bob{MemberId{2}, 1};

struct ListenerTest : testing::Test {
  /// Until all is lost.
  void overrun() {
    while (!listener.overrun()) listener.tell(Suspected{alice});
  }
  /// The reports behind what was lost, as the application hears them.
  std::vector<Undelivered> reports() {
    std::vector<Undelivered> all;
    do {
      for (Word word; listener.events().pop(word);) {
        const std::unique_ptr<Event> event(word.event());
        if (const auto* report = std::get_if<Undelivered>(event.get())) all.push_back(*report);
      }
    } while (listener.flush_backlog() > 0);
    return all;
  }

  NoPackets port;
  static constexpr std::uint32_t bytes_max = 100'000;
  Listener listener{{.event_queue = 64, .event_backlog = 8, .event_backlog_bytes = bytes_max},
                    port};
};

/// Each names its messages: none is counted for another channel, nor in another place.
TEST_F(ListenerTest, AfterAnOverrunEachReportIsTheOneThatItWas) {
  const std::vector<Undelivered> told = {
      {alice, 1, 10, 5}, {alice, 2, 1, 3}, {bob, 1, 7, 1}, {alice, 1, 20, 2}};
  for (int i = 0; i < 64; ++i) listener.tell(Refuted{alice});  // the ring is full
  for (const Undelivered& report : {told[0], told[1]}) listener.tell(report);
  overrun();
  for (const Undelivered& report : {told[2], told[3]}) listener.tell(report);
  const std::vector<Undelivered> heard = reports();
  ASSERT_EQ(heard.size(), told.size());
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(heard[i].to, told[i].to) << i;
    EXPECT_EQ(heard[i].channel, told[i].channel) << i;
    EXPECT_EQ(heard[i].first, told[i].first) << i;
    EXPECT_EQ(heard[i].messages, told[i].messages) << i;
  }
}

/// A value may be large: few of them are as much as many others.
TEST_F(ListenerTest, WhatWaitsIsLimitedInBytesToo) {
  const auto bound = [](std::size_t bytes) {
    return BindingChanged{.bound = true,
                          .owner = alice,
                          .path = "/x",
                          .value = std::vector<std::byte>(bytes),
                          .version = 1,
                          .attributes = {}};
  };
  for (int round = 0; round < 3; ++round) {  // what was heard is counted no more
    for (int i = 0; i < 64; ++i) listener.tell(bound(bytes_max));
    EXPECT_TRUE(listener.ready());
    for (int i = 0; i < 3; ++i) listener.tell(bound(bytes_max / 4));
    EXPECT_FALSE(listener.ready());
    EXPECT_EQ(listener.backlog(), 3U);
    EXPECT_FALSE(listener.overrun());
    reports();
    EXPECT_EQ(listener.backlog(), 0U);
  }
  for (int i = 0; i < 64; ++i) listener.tell(bound(0));
  for (int i = 0; i < 4; ++i) listener.tell(bound(bytes_max / 4));
  EXPECT_TRUE(listener.overrun());
}

}  // namespace
}  // namespace muster::test
