// Long messages in jumbo frames, whose packets refer to the memory that they were written into, and
// which is written again as soon as they have gone.
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/node/conversation.h"
#include "tests/node/memif.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

/// Each byte tells of which message it is, and where in it.
std::byte byte_of(std::uint32_t message, std::size_t at) {
  return static_cast<std::byte>(message * 31 + at * 7 + (at >> 8) * 13);
}
std::size_t size_of(std::uint32_t message) { return 20'000 + message * 7919 % 400'000; }

class LentMessages : public testing::TestWithParam<Mode> {
 protected:
  static NodeConfig config(const TemporaryFolder& folder, std::string_view name) {
    NodeConfig config = memif_config(folder, name);
    config.mode = GetParam();
    config.idle = Idle::backoff;
    config.mtu = 9000;
    config.limits.pool_packets = 1024;
    config.limits.kept_packets = 64;
    config.limits.event_queue = 256;
    return config;
  }

  bool send(std::uint32_t number) {
    const bool claims = number % 3 != 0;
    if (!claims) {
      std::vector<std::byte> message(size_of(number));
      fill(number, message);
      const bool sent = a_.send(b_.self().id, message, 1) == SendResult::sent;
      std::ranges::fill(message, std::byte{0xee});  // it is the caller's again
      return sent;
    }
    Buffer buffer = a_.claim(size_of(number));
    if (!buffer) return false;
    fill(number, buffer.bytes());
    return a_.commit(buffer, b_.self().id, 1) == SendResult::sent;
  }
  static void fill(std::uint32_t number, std::span<std::byte> message) {
    for (std::size_t at = 0; at < message.size(); ++at) message[at] = byte_of(number, at);
  }
  void hear(const Message& message) {
    const std::uint32_t number = heard_++;
    const std::span<const std::byte> bytes = message.bytes();
    ASSERT_EQ(bytes.size(), size_of(number));
    for (std::size_t at = 0; at < bytes.size(); ++at)
      ASSERT_EQ(bytes[at], byte_of(number, at)) << number << " at " << at;
  }

  TemporaryFolder folder_;
  Diary b_diary_, a_diary_;
  Node b_{config(folder_, "b"), b_diary_};
  Node a_{config(folder_, "a"), a_diary_};
  const std::array<Node*, 2> nodes_{&a_, &b_};
  std::uint32_t heard_ = 0;
};

TEST_P(LentMessages, AreHeardAsTheyWereWritten) {
  ASSERT_TRUE(poll_until(nodes_, [&] {
    return a_.member(b_.self().id) != nullptr && b_.member(a_.self().id) != nullptr;
  }));
  for (const Node* node : nodes_)
    for (const std::string& what : node->port().lowered)
      EXPECT_EQ(what.find("copied into packets"), std::string::npos) << what;
  b_diary_.on_data = [this](const Message& message) { hear(message); };
  constexpr std::uint32_t messages = 300;
  std::uint32_t sent = 0;
  EXPECT_TRUE(poll_until(nodes_, [&] {
    while (sent < messages && send(sent)) ++sent;
    return heard_ == messages || HasFatalFailure();
  })) << heard_;
}

INSTANTIATE_TEST_SUITE_P(BothWays, LentMessages, both_ways, mode_name);

}  // namespace
}  // namespace muster::test
