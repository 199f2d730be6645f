// What the switch reads of a frame: where it goes, whom it is from, and which muster packet it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cluster/wire/layout.h"

namespace muster::fabric {

/// A port's number, which is also its memif id.
using PortIndex = std::uint8_t;
/// DPDK's own bound on the ports of one process.
inline constexpr std::size_t ports_max = 32;
/// Bit i stands for port i.
using PortSet = std::uint32_t;
constexpr PortSet only(PortIndex port) { return PortSet{1} << port; }
constexpr bool contains(PortSet set, PortIndex port) { return (set & only(port)) != 0; }

/// A MAC address in its low 48 bits, the first byte on the wire highest.
using Mac = std::uint64_t;
constexpr bool is_multicast(Mac mac) { return (mac >> 40 & 1) != 0; }

/// A wire::Type, or kind_other for what is not a muster packet.
using PacketKind = std::uint8_t;
inline constexpr PacketKind kind_other = wire::type_last + 1;
inline constexpr std::size_t kind_count = kind_other + 1;

/// "heartbeat", "sync_request", … "other": as layout.h spells them.
std::string_view kind_name(PacketKind kind);
std::optional<PacketKind> kind_named(std::string_view name);
/// Every name, for messages: "heartbeat, join, …".
std::string kind_names();

struct FrameInfo {
  Mac destination = 0;
  Mac source = 0;
  std::uint32_t bytes = 0;
  PacketKind kind = kind_other;
  bool multicast = false;  ///< to a group; a broadcast counts as one
};

/// Nothing where the bytes are too few for an Ethernet header. Reads through one VLAN tag; a
/// later fragment of a datagram is kind_other. Never reads outside `frame`.
std::optional<FrameInfo> inspect(std::span<const std::byte> frame);

}  // namespace muster::fabric
