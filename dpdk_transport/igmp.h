// IGMP: reports about one group (RFC 3376, and RFC 2236 for older routers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dpdk_transport/group_news.h"

namespace muster::dpdk {

std::size_t igmp_frame_bytes(GroupProtocol protocol);
/// `frame` has igmp_frame_bytes(protocol); `group` in host byte order.
void write_igmp(std::span<std::byte> frame, const Station& self, std::uint32_t group,
                GroupNews news, GroupProtocol protocol);

}  // namespace muster::dpdk
