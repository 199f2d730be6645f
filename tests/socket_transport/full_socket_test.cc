// A kernel that has no room for what is sent. On the loopback it always has: a datagram stands in
// the receiver's buffer at once. So sendmmsg of this program says no when a test wants it.
#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "tests/socket_transport/support.h"

namespace muster::test {
namespace {

struct Kernel {
  std::size_t room = ~std::size_t{0};  ///< datagrams that it takes before it refuses
  int refusal = EAGAIN;
  std::size_t refusals = 0;
};
Kernel kernel;

}  // namespace
}  // namespace muster::test

/// Takes the place of the C library's, in this program only.
extern "C" int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  using Function = int(int, mmsghdr*, unsigned, int);
  static auto* const real = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, "sendmmsg"));
  muster::test::Kernel& kernel = muster::test::kernel;
  if (kernel.room == 0) {
    ++kernel.refusals;
    errno = kernel.refusal;
    return -1;
  }
  const auto taken = static_cast<unsigned>(std::min<std::size_t>(count, kernel.room));
  const int sent = real(fd, messages, taken, flags);
  if (sent > 0) kernel.room -= static_cast<std::size_t>(sent);
  return sent;
}

namespace muster::test {
namespace {

class FullSocket : public testing::TestWithParam<int> {
 protected:
  FullSocket() { kernel = {.room = 0, .refusal = GetParam(), .refusals = 0}; }
  ~FullSocket() override { kernel = {}; }

  void transmit(std::string_view text, const Endpoint& to, bool expendable = false) {
    Packet* packet = one_.allocate();
    ASSERT_NE(packet, nullptr);
    write(*packet, text);
    packet->peer = to;
    packet->expendable = expendable;
    one_.transmit(*packet);
  }
  void transmit_numbers(int from, int to) {
    for (int i = from; i < to; ++i) transmit(std::to_string(i), two_.self());
  }
  void make_room(std::size_t room = ~std::size_t{0}) { kernel.room = room; }
  std::vector<std::string> received_by_two() {
    std::vector<std::string> texts;
    for (Packet* packet : receive(two_, 200)) {
      texts.emplace_back(text_of(*packet));
      two_.release(*packet);
    }
    return texts;
  }
  static std::vector<std::string> numbers(int from, int to) {
    std::vector<std::string> texts;
    for (int i = from; i < to; ++i) texts.push_back(std::to_string(i));
    return texts;
  }

  SocketTransport one_{member_config(1)};
  SocketTransport two_{member_config(2)};
};
INSTANTIATE_TEST_SUITE_P(Refusals, FullSocket, testing::Values(EAGAIN, ENOBUFS));

TEST_P(FullSocket, LetsWhatItHasNoRoomForGoFirst) {
  make_room(10);
  transmit_numbers(0, 50);
  EXPECT_EQ(one_.flush(), 40u);
  make_room(15);
  transmit_numbers(50, 60);
  EXPECT_EQ(one_.flush(), 35u);
  make_room();
  transmit_numbers(60, 70);
  EXPECT_EQ(one_.flush(), 0u);
  EXPECT_EQ(received_by_two(), numbers(0, 70));
  EXPECT_EQ(one_.stats().sent, 70u);
  EXPECT_EQ(one_.stats().send_full, 0u);
}

/// I12: whoever publishes faster than the kernel takes must not fall silent for it.
TEST_P(FullSocket, SparesWhatIsNotExpendable) {
  const std::vector<std::string> heartbeats{"heartbeat 1", "heartbeat 2", "heartbeat 3"};
  for (const std::string& heartbeat : heartbeats) {
    for (int i = 0; i < 100; ++i) transmit("tick", two_.self(), true);
    transmit(heartbeat, test_group());
    one_.flush();
  }
  EXPECT_EQ(one_.stats().send_spared, 268u);
  EXPECT_EQ(one_.stats().send_full, 0u);
  make_room();
  EXPECT_EQ(one_.flush(), 0u);
  const std::vector<std::string> received = received_by_two();
  for (const std::string& heartbeat : heartbeats)
    EXPECT_EQ(std::ranges::count(received, heartbeat), 1) << heartbeat;
  EXPECT_EQ(received.size(), 32 + heartbeats.size());
  transmit("tick", two_.self(), true);
  EXPECT_EQ(one_.flush(), 0u);
  EXPECT_EQ(one_.stats().send_spared, 268u) << "there is room again";
}

TEST_P(FullSocket, IsNotAskedForEachPacketThatIsSpared) {
  for (int i = 0; i < 1000; ++i) transmit("tick", two_.self(), true);
  EXPECT_EQ(kernel.refusals, 1u);
}

TEST_P(FullSocket, DropsAndCountsWhatNeedNotBeSparedOnceNothingMoreCanWait) {
  transmit_numbers(0, 100);
  EXPECT_EQ(one_.flush(), 64u);
  EXPECT_EQ(one_.stats().send_full, 36u);
  make_room();
  EXPECT_EQ(one_.flush(), 0u);
  EXPECT_EQ(received_by_two(), numbers(0, 64));
  for (int i = 0; i < 256; ++i) ASSERT_NE(one_.allocate(), nullptr) << i;
}

// The limited broadcast needs a socket option that a member does not have.
TEST_P(FullSocket, IsHeldUpByNobodyWhoCannotBeReached) {
  transmit("0", two_.self());
  transmit("to nobody", {.address = 0xffffffff, .port = 9});
  transmit("1", two_.self());
  EXPECT_EQ(one_.flush(), 3u);
  make_room();
  EXPECT_EQ(one_.flush(), 0u);
  EXPECT_EQ(received_by_two(), numbers(0, 2));
  EXPECT_EQ(one_.stats().send_errors, 1u);
  EXPECT_EQ(one_.stats().sent, 2u);
}

}  // namespace
}  // namespace muster::test
