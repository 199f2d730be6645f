// What a port was found to be able to do, beside what was wished for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::dpdk {

/// What the port and its driver can do for us.
struct Offloads {
  bool tx_ip_checksum = false;
  bool tx_udp_checksum = false;
  bool tx_pieces = false;  ///< a frame of two segments, of which one lies in DPDK's heap
  bool rx_ip_checksum = false;
  bool rx_udp_checksum = false;
  /// Or cannot do: the port reads what the kernel hands from one interface to another, before
  /// anybody has computed the UDP checksum.
  bool rx_partial_udp_checksum = false;
  bool operator==(const Offloads&) const = default;
};

/// Which groups' frames a port lets in, from narrow to wide.
enum class GroupFilter : std::uint8_t { list, all_groups, all_frames, none };

struct Capabilities {
  Offloads offloads;
  std::uint16_t rx_descriptors = 0;
  std::uint16_t tx_descriptors = 0;
  std::uint16_t queues = 1;
  bool spreads = true;  ///< over its receive queues, by addresses and UDP ports
  bool pieces = false;  ///< it may hand a long frame over in some, though one buffer would hold it
  GroupFilter groups = GroupFilter::list;
  bool receive_interrupts = false;
  bool vlan_filter =
      true;  ///< it lets no other VLAN in than the one that was asked for, if one was
  bool near_memory = true;  ///< its packets lie on the node that was asked for, if one was
};

struct Wishes {
  std::uint16_t rx_descriptors = 0;
  std::uint16_t tx_descriptors = 0;
  std::uint16_t queues = 1;
  std::optional<int> node{};  ///< of the machine's memory, for the packets
  bool receive_interrupts = false;
  bool tx_pieces = false;
};

/// What of a wish was not granted and who does it instead, a short sentence each. Everything works
/// without it, slower.
std::vector<std::string> what_is_lowered(const Capabilities& granted, const Wishes& wished);

}  // namespace muster::dpdk
