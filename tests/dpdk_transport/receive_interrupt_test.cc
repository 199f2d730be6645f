// Receive interrupts as no driver here has them.
#include <algorithm>
#include <cerrno>
#include <cstdint>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include "dpdk_transport/raw_port.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

struct Driver {
  bool lacks_vectors = false;  ///< and says so when it is started
  bool needs_vectors = false;  ///< as it was configured last
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

namespace muster::dpdk {
namespace {

class ReceiveInterrupts : public ::testing::Test {
 protected:
  ReceiveInterrupts() { driver = {}; }
  ~ReceiveInterrupts() override { driver = {}; }
};

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

}  // namespace
}  // namespace muster::dpdk
