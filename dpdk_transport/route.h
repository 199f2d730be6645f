// Whom on the segment a frame is given to.
#pragma once

#include <cstdint>

namespace muster::dpdk {

/// One network, and one way out of it. Addresses in host byte order.
struct Route {
  std::uint32_t network = 0;  ///< of which this member's address is one
  std::uint32_t mask = 0;
  std::uint32_t gateway = 0;  ///< 0: none, and everybody is asked for on the segment

  bool on_segment(std::uint32_t address) const {
    return gateway == 0 || ((address ^ network) & mask) == 0;
  }
  /// Whose Ethernet address a frame to `address` bears.
  std::uint32_t next_hop(std::uint32_t address) const {
    return on_segment(address) ? address : gateway;
  }
};

}  // namespace muster::dpdk
