#include "dpdk_transport/mac_address.h"

#include <fmt/format.h>

namespace muster::dpdk {

std::string to_string(const MacAddress& mac) { return fmt::format("{:02x}", fmt::join(mac, ":")); }

}  // namespace muster::dpdk
