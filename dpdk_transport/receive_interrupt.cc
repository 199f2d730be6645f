#include "dpdk_transport/receive_interrupt.h"

#include <rte_ethdev.h>
#include <unistd.h>

#include "dpdk_transport/log.h"

namespace muster::dpdk {

std::optional<ReceiveInterrupt> ReceiveInterrupt::of(std::uint16_t port, std::string_view driver) {
  const LogCapture log;
  const int descriptor = rte_eth_dev_rx_intr_ctl_q_get_fd(port, 0);
  if (descriptor < 0) return std::nullopt;
  const bool counts = driver != "net_tap";
  if (counts && rte_eth_dev_rx_intr_enable(port, 0) != 0) return std::nullopt;
  ReceiveInterrupt interrupt(port, descriptor, counts);
  interrupt.disarm();
  return interrupt;
}

bool ReceiveInterrupt::arm() {
  if (counts_) rte_eth_dev_rx_intr_enable(port_, 0);
  return counts_;
}

/// What it has counted is taken from it, without waiting.
void ReceiveInterrupt::disarm() {
  if (!counts_) return;
  rte_eth_dev_rx_intr_disable(port_, 0);
  std::uint64_t interrupts = 0;
  [[maybe_unused]] const auto taken = read(descriptor_, &interrupts, sizeof interrupts);
}

}  // namespace muster::dpdk
