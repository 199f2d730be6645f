// Multicast listener discovery: reports about one group (RFC 3810, and RFC 2710 for older routers).
#pragma once

#include <cstddef>
#include <span>

#include "dpdk_transport/group_news.h"
#include "dpdk_transport/icmpv6.h"

namespace muster::dpdk {

std::size_t mld_frame_bytes(GroupProtocol protocol);
/// `frame` has mld_frame_bytes(protocol); `mac` is this station's.
void write_mld(std::span<std::byte> frame, const MacAddress& mac, const IpAddress& group,
               GroupNews news, GroupProtocol protocol);

}  // namespace muster::dpdk
