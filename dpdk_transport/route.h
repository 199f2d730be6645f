// Whom on the segment a frame is given to.
#pragma once

#include "cluster/ip_address.h"

namespace muster::dpdk {

/// One network, and one way out of it.
struct Route {
  IpAddress first{};  ///< of the network, of which this member's address is one
  IpAddress last{};
  IpAddress gateway{};  ///< unspecified: none, and everybody is asked for on the segment

  bool on_segment(const IpAddress& address) const {
    return gateway.is_unspecified() || (first <= address && address <= last) ||
           address.is_link_local();
  }
  /// Whose Ethernet address a frame to `address` bears.
  const IpAddress& next_hop(const IpAddress& address) const {
    return on_segment(address) ? address : gateway;
  }
};

}  // namespace muster::dpdk
