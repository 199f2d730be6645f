// Two members over a line that loses, doubles, delays and reorders, with applications that refuse
// and pools that run dry: several channels, messages of every size. The seed picks the mix of
// faults and the windows as well as the dice.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

constexpr std::size_t messages = 60;  ///< on each channel

/// Nobody else's bytes: of this sender, channel and number.
std::string content(const Side& from, ChannelId channel, std::size_t number) {
  std::mt19937_64 random(static_cast<std::uint64_t>(from.key.id) << 32 |
                         std::uint64_t{channel} << 16 | number);
  const std::size_t sizes[] = {0, 1, 10, 100, 700, 1400, 3000, 20'000};
  const std::size_t kind = std::min<std::size_t>(random() % 40, std::size(sizes) - 1);
  const std::size_t range = number % 9 == 0 ? sizes[kind] : sizes[kind % 6];
  std::string bytes(range + random() % 20, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// Writes the messages of one channel into packets, one after the other.
class Stream {
 public:
  Stream(Side& from, const Side& to, ChannelId channel) : from_(from), to_{to.key, channel} {}

  bool done() const { return said_ == messages && packet_ == nullptr; }
  /// Packets until one has to wait, `several`: of as many messages as they hold.
  void say(int packets, bool several) {
    for (; packets > 0 && !done(); --packets) {
      if (packet_ == nullptr && !fill(several)) return;
      if (from_.messaging.send(to_, *packet_, ended_) != SendResult::sent) return;
      packet_ = nullptr;
    }
  }

 private:
  bool fill(bool several) {
    packet_ = from_.port.allocate();
    if (packet_ == nullptr) return false;
    begin_messages(*packet_);
    ended_ = 0;
    do {
      if (!writer_) begin();
      if (!writer_->write(*packet_) || !writer_->done()) return true;
      writer_.reset();
      ++ended_;
      ++said_;
    } while (several && said_ < messages);
    return true;
  }
  void begin() {
    payload_ = content(from_, to_.channel, said_);
    writer_.emplace(MessageHead{}, bytes_of(payload_));
  }

  Side& from_;
  Recipient to_;
  std::string payload_;
  std::optional<MessageWriter> writer_;
  std::size_t said_ = 0;
  Packet* packet_ = nullptr;  ///< written, and not accepted yet
  std::uint32_t ended_ = 0;   ///< messages that end in it
};

class LossyPair {
 public:
  explicit LossyPair(std::uint64_t seed)
      : random_(seed),
        loss_percent_(random_() % 40),
        duplicate_percent_(random_() % 30),
        delay_max_ns_(1 + random_() % (500 * us)),
        refuse_percent_(random_() % 60),
        exhaust_percent_(random_() % 30),
        several_(random_() % 2 == 0),
        pair_(config(), config()) {
    const auto channels = static_cast<ChannelId>(1 + random_() % 4);
    for (ChannelId channel = 0; channel < channels; ++channel) {
      streams_of_a_.emplace_back(pair_.a, pair_.b, channel);
      streams_of_b_.emplace_back(pair_.b, pair_.a, channel);
    }
  }

  void run() {
    TimeNs now = 0;
    while (now < 200 * second && !done()) {
      deliver(now);
      cycle(now, pair_.a, streams_of_a_);
      cycle(now, pair_.b, streams_of_b_);
      now = next(now);
    }
    expect_exactly_once(pair_.a, pair_.b, streams_of_a_.size());
    expect_exactly_once(pair_.b, pair_.a, streams_of_b_.size());
  }

 private:
  using Streams = std::vector<Stream>;

  MessagingConfig config() {
    constexpr std::array<std::uint32_t, 8> sizes{1, 2, 3, 16, 64, 200, 1000, 1024};
    const auto any = [&] { return sizes[random_() % sizes.size()]; };
    MessagingConfig config;
    config.window_packets = any();
    config.queue_packets = any();
    config.held_packets = any() - 1;
    config.congestion.window_packets_max = any();
    return config;
  }
  Side& other(const Side& side) { return &side == &pair_.a ? pair_.b : pair_.a; }
  bool chance(std::uint64_t percent) { return random_() % 100 < percent; }

  bool done() const {
    const auto said = [](const Streams& streams) {
      return std::ranges::all_of(streams, [](const Stream& stream) { return stream.done(); });
    };
    return said(streams_of_a_) && said(streams_of_b_) && line_.empty() &&
           pair_.a.port.alive() == 0 && pair_.b.port.alive() == 0;
  }
  /// When something happens, but no later than an application that has room again.
  TimeNs next(TimeNs now) const {
    TimeNs next = std::min(pair_.a.messaging.next_deadline(), pair_.b.messaging.next_deadline());
    if (!line_.empty()) next = std::min(next, line_.begin()->first);
    return std::clamp(next, now + 10 * us, now + 100 * us);
  }

  void deliver(TimeNs now) {
    while (!line_.empty() && line_.begin()->first <= now) {
      const auto node = line_.extract(line_.begin());
      const auto& [to, bytes] = node.mapped();
      to->application.set_room(chance(refuse_percent_) ? 0 : 3);
      EXPECT_TRUE(to->hear(now, bytes));
    }
  }

  void cycle(TimeNs now, Side& side, Streams& streams) {
    if (chance(exhaust_percent_)) side.port.set_packets_max(side.port.alive());
    for (Stream& stream : streams) stream.say(4, several_);
    if (side.messaging.next_deadline() <= now) side.messaging.on_deadline(now);
    side.application.set_room(chance(refuse_percent_) ? 0 : 3);
    for (const auto& datagram : side.transmit(now)) {
      if (chance(loss_percent_)) continue;
      for (int copies = chance(duplicate_percent_) ? 2 : 1; copies > 0; --copies)
        line_.emplace(now + random_() % delay_max_ns_, std::pair{&other(side), datagram.bytes});
    }
    side.port.set_packets_max(4096);
  }

  void expect_exactly_once(Side& from, const Side& to, std::size_t channels) {
    ASSERT_EQ(to.application.heard.size(), channels * messages);
    std::map<ChannelId, std::size_t> next;
    for (const auto& heard : to.application.heard) {
      const std::size_t number = next[heard.channel]++;
      ASSERT_TRUE(heard.payload == content(from, heard.channel, number))
          << "channel " << int{heard.channel} << ", message " << number;
    }
    EXPECT_TRUE(to.application.has_only_whole());
    EXPECT_EQ(from.port.alive(), 0U);
    EXPECT_EQ(from.messaging.packets_in_flight(to.key.id), 0U);
    from.messaging.on_deadline(1000 * second);
    from.transmit(1000 * second);  // the last acknowledgement, which nobody waits for
    EXPECT_TRUE(from.transmit(1000 * second).empty());
    EXPECT_EQ(from.messaging.next_deadline(), never_ns);
    EXPECT_EQ(from.stats().acknowledgements_absurd, 0U);
    EXPECT_EQ(from.stats().messages_sent, channels * messages);
    EXPECT_TRUE(from.application.undelivered.empty());
  }

  std::mt19937_64 random_;
  std::uint64_t loss_percent_;
  std::uint64_t duplicate_percent_;
  DurationNs delay_max_ns_;
  std::uint64_t refuse_percent_;
  std::uint64_t exhaust_percent_;
  bool several_;
  Pair pair_;
  Streams streams_of_a_;
  Streams streams_of_b_;
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
