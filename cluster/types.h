// The words that every part of the protocol shares.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/ip_address.h"

namespace muster {

/// A point on a monotonic clock, in nanoseconds. The protocol never reads a clock: whoever
/// drives it passes the time in.
using TimeNs = std::uint64_t;
/// A length of time in nanoseconds.
using DurationNs = std::uint64_t;
/// Later than every deadline.
inline constexpr TimeNs never_ns = UINT64_MAX;

/// 64-bit identity of a member, derived from its name: see member_id().
enum class MemberId : std::uint64_t {};
/// One life of a member (docs/protocol.md §3.2): greater at each start. A restarted member is a new
/// incarnation, and nothing of the old one survives it.
using Incarnation = std::uint64_t;
/// Counts the changes of one member's part of the directory; 0 is the empty tree.
using Version = std::uint64_t;

/// XXH3-64 of the name (docs/protocol.md §3.1). Members with one name are one member, so two of
/// them that live at once are a mistake, which the second is told (docs/protocol.md, "Joining").
MemberId member_id(std::string_view name);
/// XXH3-64 of the cluster's name: packets of other clusters are dropped.
std::uint64_t cluster_id(std::string_view name);

/// One of the streams to a member, and from it, that do not wait for each other: 0 to
/// wire::channels - 1.
using ChannelId = std::uint8_t;

/// A UDP address; the port in host byte order.
struct Endpoint {
  IpAddress address{};
  std::uint16_t port = 0;
  friend constexpr bool operator==(const Endpoint&, const Endpoint&) = default;
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};
/// Not a group and not nothing: what strangers say to send to is looked at first.
constexpr bool may_be_a_host(const Endpoint& at) {
  const bool broadcast = at.address.is_v4() && at.address.v4() >> 28 == 0xf;
  return !at.address.is_unspecified() && !at.address.is_multicast() && !broadcast && at.port != 0;
}
/// "10.77.0.1:7777", "[fd77::1]:7777".
std::string to_string(const Endpoint& endpoint);

/// A member as others name it: who, and which life of it.
struct MemberKey {
  MemberId id{};
  Incarnation incarnation = 0;
  friend bool operator==(const MemberKey&, const MemberKey&) = default;
};

}  // namespace muster
