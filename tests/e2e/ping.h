// The kernel's own ping.
#pragma once

#include <string>

namespace muster::e2e {

/// Sends an echo request of ICMP or ICMPv6 from the namespace of the caller to `address`
/// ("10.77.0.1", "fd77::1", "fe80::1%eth0"), once more each second, and waits for the answer; false
/// where none has come within five.
bool kernel_can_ping(const std::string& address);

}  // namespace muster::e2e
