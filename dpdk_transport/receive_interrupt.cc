#include "dpdk_transport/receive_interrupt.h"

#include <filesystem>
#include <string>
#include <system_error>

#include <rte_ethdev.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cluster/errors.h"
#include "dpdk_transport/log.h"

namespace muster::dpdk {

namespace {

/// What another driver gives may be read by its own functions only: mlx5's has events of its own.
bool is_counter(int descriptor) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), ignored) ==
         "anon_inode:[eventfd]";
}

}  // namespace

ReceiveInterrupt::ReceiveInterrupt() : descriptor_(epoll_create1(EPOLL_CLOEXEC)) {
  if (descriptor_ < 0)
    throw StartError(
        "no file descriptor is to be had to wait for frames on: raise what `ulimit -n` shows");
}

ReceiveInterrupt::~ReceiveInterrupt() { close(descriptor_); }

bool ReceiveInterrupt::attach(std::uint16_t port, std::string_view driver) {
  const LogCapture log;
  const int of_driver = rte_eth_dev_rx_intr_ctl_q_get_fd(port, 0);
  if (of_driver < 0) return false;
  counts_ = driver != "net_tap";
  if (counts_ && rte_eth_dev_rx_intr_enable(port, 0) != 0) return false;
  epoll_event event{.events = EPOLLIN, .data = {.fd = of_driver}};
  if (epoll_ctl(descriptor_, EPOLL_CTL_ADD, of_driver, &event) != 0) return false;
  port_ = port;
  of_driver_ = of_driver;
  is_counter_ = is_counter(of_driver);
  disarm();
  return true;
}

void ReceiveInterrupt::detach() {
  if (of_driver_ == none) return;
  epoll_ctl(descriptor_, EPOLL_CTL_DEL, of_driver_, nullptr);
  of_driver_ = none;
}

bool ReceiveInterrupt::arm() {
  if (of_driver_ == none) return false;
  if (counts_) rte_eth_dev_rx_intr_enable(port_, 0);
  return counts_;
}

/// What it has counted is taken from it, without waiting.
void ReceiveInterrupt::disarm() {
  if (of_driver_ == none || !counts_) return;
  rte_eth_dev_rx_intr_disable(port_, 0);
  if (!is_counter_) return;
  std::uint64_t interrupts = 0;
  [[maybe_unused]] const auto taken = read(of_driver_, &interrupts, sizeof interrupts);
}

}  // namespace muster::dpdk
