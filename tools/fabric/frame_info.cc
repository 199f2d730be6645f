#include "tools/fabric/frame_info.h"

#include <cstring>

#include "cluster/wire/type_name.h"

namespace muster::fabric {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t ethernet_bytes = 14;
constexpr std::size_t vlan_tag_bytes = 4;
constexpr std::size_t ipv4_bytes_min = 20;
constexpr std::size_t udp_bytes = 8;
constexpr std::uint64_t ether_type_vlan = 0x8100;
constexpr std::uint64_t ether_type_ipv4 = 0x0800;
constexpr std::uint64_t protocol_udp = 17;
constexpr std::uint64_t fragment_offset_mask = 0x1fff;

std::uint64_t big_endian(Bytes bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes.subspan(at, count))
    value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

/// The UDP payload, empty where there is none.
Bytes udp_payload(Bytes frame) {
  std::size_t at = ethernet_bytes;
  std::uint64_t ether_type = big_endian(frame, at - 2, 2);
  if (ether_type == ether_type_vlan && frame.size() >= at + vlan_tag_bytes) {
    at += vlan_tag_bytes;
    ether_type = big_endian(frame, at - 2, 2);
  }
  if (ether_type != ether_type_ipv4 || frame.size() < at + ipv4_bytes_min) return {};
  const Bytes ip = frame.subspan(at);
  const std::uint64_t version_and_words = big_endian(ip, 0, 1);
  const std::size_t header_bytes = (version_and_words & 0xf) * 4;
  if (version_and_words >> 4 != 4 || header_bytes < ipv4_bytes_min) return {};
  if ((big_endian(ip, 6, 2) & fragment_offset_mask) != 0) return {};
  if (big_endian(ip, 9, 1) != protocol_udp || ip.size() < header_bytes + udp_bytes) return {};
  return ip.subspan(header_bytes + udp_bytes);
}

/// Of the header's first sixteen bytes only, which mean the same in every version.
PacketKind packet_kind(Bytes payload) {
  if (payload.size() < offsetof(wire::Header, sender)) return kind_other;
  wire::Le32 magic;
  std::memcpy(&magic, payload.data() + offsetof(wire::Header, magic), sizeof magic);
  if (magic != wire::magic) return kind_other;
  const auto type = std::to_integer<std::uint8_t>(payload[offsetof(wire::Header, type)]);
  return type <= wire::type_last ? type : kind_other;
}

}  // namespace

std::string_view kind_name(PacketKind kind) {
  return kind == kind_other ? "other" : name_of(wire::Type{kind});
}

std::optional<PacketKind> kind_named(std::string_view name) {
  for (PacketKind kind = 0; kind < kind_count; ++kind)
    if (kind_name(kind) == name) return kind;
  return std::nullopt;
}

std::string kind_names() {
  std::string all;
  for (PacketKind kind = 0; kind < kind_count; ++kind)
    (all += all.empty() ? "" : ", ") += kind_name(kind);
  return all;
}

std::optional<FrameInfo> inspect(std::span<const std::byte> frame) {
  if (frame.size() < ethernet_bytes) return std::nullopt;
  FrameInfo info;
  info.destination = big_endian(frame, 0, 6);
  info.source = big_endian(frame, 6, 6);
  info.bytes = static_cast<std::uint32_t>(frame.size());
  info.kind = packet_kind(udp_payload(frame));
  info.multicast = is_multicast(info.destination);
  return info;
}

}  // namespace muster::fabric
