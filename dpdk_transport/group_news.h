// Who is in which group, as routers and switches that snoop want to hear it: IGMP for IPv4
// (igmp.h), MLD for IPv6 (mld.h).
#pragma once

#include <cstdint>

#include "dpdk_transport/neighbours.h"

namespace muster::dpdk {

/// Versions 2 and 3 of IGMP, 1 and 2 of MLD. A host speaks the querier's, and both where it knows
/// of none.
enum class GroupProtocol : std::uint8_t { older, newer };
/// How a member stands to its group, with whatever sources.
enum class GroupNews : std::uint8_t { joins, is_in, leaves };

/// In the newer protocols (RFC 3376, 4.2.12, RFC 3810, 5.2.12): all sources but none, or none but
/// none.
constexpr std::uint8_t record_type(GroupNews news) {
  switch (news) {
    case GroupNews::is_in:
      return 2;
    case GroupNews::leaves:
      return 3;
    case GroupNews::joins:
      return 4;
  }
  return 2;
}

}  // namespace muster::dpdk
