// A memif server that goes while clients come. These play the client by hand, to be in the middle
// of the handshake as long as they like.
#include "dpdk_transport/device.h"

#include <array>
#include <cstring>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dpdk_transport/raw_port.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

using testing::memif;
using testing::TemporaryFolder;

constexpr std::uint16_t ack = 1;
constexpr std::uint16_t hello = 2;
constexpr std::uint16_t hung_up = 1000;
constexpr std::uint16_t silent = 1001;

/// Connected, and greeted by the server.
class HandmadeClient {
 public:
  explicit HandmadeClient(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        answer() != hello)
      throw std::runtime_error("no server");
  }
  ~HandmadeClient() { close(fd_); }
  HandmadeClient(const HandmadeClient&) = delete;
  HandmadeClient& operator=(const HandmadeClient&) = delete;

  /// Asks to become the peer of the port with this id.
  void ask_for(std::uint32_t id) {
    struct [[gnu::packed]] Init {
      std::uint16_t type = 3;
      std::uint16_t version = 2 << 8;
      std::uint32_t id = 0;
      std::array<std::uint8_t, 120> rest{};
    };
    static_assert(sizeof(Init) == 128);
    Init init;
    init.id = id;
    send(fd_, &init, sizeof init, MSG_NOSIGNAL);
  }
  /// The type of the next message, or how it was that there is none.
  std::uint16_t answer() {
    std::array<std::uint8_t, 128> message{};
    pollfd readable{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, 5000) == 0) return silent;
    if (recv(fd_, message.data(), message.size(), 0) <= 0) return hung_up;
    std::uint16_t type = 0;
    std::memcpy(&type, message.data(), sizeof type);
    return type;
  }

 private:
  int fd_;
};

class GoingServer : public ::testing::TestWithParam<bool> {};

// One client has the port, another one asks for it as soon as that is hung up on.
TEST_P(GoingServer, TakesNoClient) {
  start_eal(testing::eal);
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  FramePool pool(256);
  const auto open = [&](int id) {
    return std::make_unique<RawPort>(RawPortConfig{.device = memif("server", path, id, id)}, pool);
  };
  const auto neighbour = GetParam() ? open(1) : nullptr;
  for (int round = 0; round < 50; ++round) {
    auto server = open(0);
    HandmadeClient first(path);
    first.ask_for(0);
    ASSERT_EQ(first.answer(), ack);
    HandmadeClient second(path);
    const std::jthread successor([&] {
      EXPECT_EQ(first.answer(), hung_up);
      second.ask_for(0);
      EXPECT_NE(second.answer(), ack) << "round " << round;
    });
    server.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, GoingServer, ::testing::Bool(), [](const auto& shares) {
  return std::string(shares.param ? "WhoseSocketStays" : "TheLastOfItsSocket");
});

// Nobody is left who could wake what the driver has forgotten.
TEST(Devices, HangUpOnWhoHasNotYetChosenAPort) {
  start_eal(testing::eal);
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  FramePool pool(256);
  auto server = std::make_unique<RawPort>(RawPortConfig{.device = memif("server", path)}, pool);
  HandmadeClient client(path);
  server.reset();
  EXPECT_EQ(client.answer(), hung_up);
}

}  // namespace
}  // namespace muster::dpdk
