// Receive interrupts as no driver here has them.
#include "dpdk_transport/receive_interrupt.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rte_ethdev.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dpdk_transport/raw_port.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

struct Driver {
  bool lacks_vectors = false;       ///< and says so when it is started
  bool needs_vectors = false;       ///< as it was configured last
  std::optional<int> descriptor{};  ///< that it gives for its interrupts
};
Driver driver;

/// DPDK's own function.
template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace
}  // namespace muster::dpdk

// These take the place of DPDK's, in this program only.

extern "C" int rte_eth_dev_configure(std::uint16_t port, std::uint16_t rx, std::uint16_t tx,
                                     const rte_eth_conf* conf) {
  static auto* const configure = muster::dpdk::real<decltype(rte_eth_dev_configure)>(__func__);
  muster::dpdk::driver.needs_vectors = conf->intr_conf.rxq != 0;
  return configure(port, rx, tx, conf);
}

extern "C" int rte_eth_dev_start(std::uint16_t port) {
  static auto* const start = muster::dpdk::real<decltype(rte_eth_dev_start)>(__func__);
  const muster::dpdk::Driver& driver = muster::dpdk::driver;
  return driver.lacks_vectors && driver.needs_vectors ? -ENOSPC : start(port);
}

extern "C" int rte_eth_dev_rx_intr_ctl_q_get_fd(std::uint16_t port, std::uint16_t queue) {
  static auto* const get = muster::dpdk::real<decltype(rte_eth_dev_rx_intr_ctl_q_get_fd)>(__func__);
  const std::optional<int> descriptor = muster::dpdk::driver.descriptor;
  return descriptor ? *descriptor : get(port, queue);
}

extern "C" int rte_eth_dev_rx_intr_enable(std::uint16_t port, std::uint16_t queue) {
  static auto* const enable = muster::dpdk::real<decltype(rte_eth_dev_rx_intr_enable)>(__func__);
  return muster::dpdk::driver.descriptor ? 0 : enable(port, queue);
}

extern "C" int rte_eth_dev_rx_intr_disable(std::uint16_t port, std::uint16_t queue) {
  static auto* const disable = muster::dpdk::real<decltype(rte_eth_dev_rx_intr_disable)>(__func__);
  return muster::dpdk::driver.descriptor ? 0 : disable(port, queue);
}

namespace muster::dpdk {
namespace {

class ReceiveInterrupts : public ::testing::Test {
 protected:
  ReceiveInterrupts() { driver = {}; }
  ~ReceiveInterrupts() override { driver = {}; }
};

bool is_readable(int descriptor) {
  pollfd readable{.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&readable, 1, 0) == 1;
}

TEST_F(ReceiveInterrupts, AreDoneWithoutWhereADriverCannotStartWithThem) {
  start_eal(testing::eal);
  FramePool pool(1024);
  driver.lacks_vectors = true;
  RawPort port({.device = "net_null0", .receive_interrupts = true}, pool);
  EXPECT_FALSE(driver.needs_vectors);
  EXPECT_EQ(port.link(), Link::up);
  EXPECT_FALSE(port.receive_interrupt());
  EXPECT_TRUE(std::ranges::any_of(port.lowered(), [](const std::string& lowered) {
    return lowered.starts_with("receive interrupts: none");
  }));
}

TEST_F(ReceiveInterrupts, AreTakenFromACounter) {
  driver.descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ReceiveInterrupt interrupt;
  ASSERT_TRUE(interrupt.attach(0, "net_other"));
  EXPECT_TRUE(interrupt.arm());
  eventfd_write(*driver.descriptor, 2);
  EXPECT_TRUE(is_readable(interrupt.descriptor()));
  interrupt.disarm();
  EXPECT_FALSE(is_readable(interrupt.descriptor()));
  close(*driver.descriptor);
}

/// Such as a channel of events: what is read from it is lost to the driver, and to read may block.
TEST_F(ReceiveInterrupts, AreLeftToADriverThatReadsThemItself) {
  int channel[2];
  ASSERT_EQ(pipe2(channel, O_CLOEXEC | O_NONBLOCK), 0);
  driver.descriptor = channel[0];
  const std::array<char, 8> event{};
  ASSERT_EQ(write(channel[1], event.data(), event.size()), 8);
  ReceiveInterrupt interrupt;
  ASSERT_TRUE(interrupt.attach(0, "net_other"));
  EXPECT_TRUE(interrupt.arm());
  interrupt.disarm();
  EXPECT_TRUE(is_readable(channel[0])) << "the event is the driver's";
  for (const int end : channel) close(end);
}

}  // namespace
}  // namespace muster::dpdk
