// A send window and a receive window against each other, across the wrap of the wire's sequence.
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/receive_window.h"
#include "tests/cluster/messaging/tested_window.h"

namespace muster::test {
namespace {

/// Sends `packets` numbered packets from sequence `first` on, over a line that loses, doubles and
/// reorders beyond the window; returns what was delivered.
std::vector<int> carry(std::uint32_t window, Sequence first, int packets, std::uint64_t seed) {
  TestedWindow sender(window, window, first);
  HoldingLimit limit(window);
  ReceiveWindow receiver(window, sender.port, limit, first);
  std::mt19937_64 random(seed);
  std::vector<int> heard;
  std::vector<std::vector<std::byte>> line;
  std::uint64_t number = 0;
  int written = 0;
  const auto done = [&] {
    return written == packets && !sender.window->waiting() && sender.window->under_way() == 0;
  };
  for (TimeNs now = 0; now < 100 * second && !done(); now += 20 * us) {
    for (; written < packets && !sender.window->full(); ++written) {
      Packet& packet = *sender.port.allocate();
      begin_messages(packet);
      append(packet, std::as_bytes(std::span(&written, 1)));
      sender.window->push(packet, 1);
    }
    if (sender.window->deadline() <= now) sender.window->on_deadline(now);
    for (const auto& bytes : sender.transmit_bytes(now)) {
      if (random() % 10 == 0) continue;
      line.insert(line.begin() + static_cast<std::ptrdiff_t>(random() % (line.size() + 1)),
                  random() % 10 == 0 ? 2 : 1, bytes);
    }
    for (std::size_t i = 0; i < 8 + line.size() / 4 && !line.empty(); ++i) {
      Packet& packet = sender.port.received({}, line.back());
      line.pop_back();
      EXPECT_NE(session_head(packet).sequence, 0U);
      receiver.receive(session_head(packet).sequence, packet);
      sender.port.release(packet);
    }
    receiver.deliver([&](const Packet& packet, std::uint32_t) {
      int value = 0;
      std::memcpy(&value, packet.data + messages_offset, sizeof value);
      heard.push_back(value);
      return true;
    });
    wire::Session said{};
    receiver.describe(said);
    std::vector<wire::Le64> words;
    for (std::size_t i = 0; i < receiver.selective_words(); ++i)
      words.emplace_back(receiver.selective_word(i));
    if (random() % 10 != 0) {
      EXPECT_TRUE(sender.window->acknowledge(now, ++number,
                                             {.acknowledged = said.acknowledged,
                                              .window_packets = said.window_packets,
                                              .selective = words}));
    }
  }
  EXPECT_EQ(sender.window->under_way(), 0U);
  EXPECT_EQ(sender.route.in_flight, 0U);
  EXPECT_EQ(limit.left(), window);
  return heard;
}

class WindowPair : public testing::TestWithParam<std::uint32_t> {};

TEST_P(WindowPair, CarriesEverythingAcrossTheWrapOfTheSequence) {
  const int packets = 3 * static_cast<int>(GetParam()) + 200;
  std::vector<int> all(static_cast<std::size_t>(packets));
  std::iota(all.begin(), all.end(), 0);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(carry(GetParam(), sequence_period - packets / 2, packets, seed), all) << seed;
    EXPECT_EQ(carry(GetParam(), 7 * sequence_period - 1, packets, seed), all) << seed;
    EXPECT_EQ(carry(GetParam(), 1, packets, seed), all) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Packets, WindowPair, testing::Values(1, 2, 64, 1000, 1024));

}  // namespace
}  // namespace muster::test
