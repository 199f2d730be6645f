// Writes the headers of our own datagrams (docs/protocol.md §1.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cluster/types.h"
#include "dpdk_transport/checksum.h"
#include "dpdk_transport/headers.h"
#include "dpdk_transport/vlan.h"

namespace muster::dpdk {

enum class Checksum : std::uint8_t { computed, left_to_port, none };

/// Who computes which. Headers of IPv4 always have one, those of IPv6 never, and UDP over IPv6
/// always (RFC 8200, 8.1).
struct Checksums {
  Checksum ip = Checksum::computed;
  Checksum udp = Checksum::computed;
};

/// All that is the same in every datagram of a member is prepared once.
class UdpFramer {
 public:
  /// Multicast never leaves the segment.
  static constexpr std::uint8_t hops_multicast = 1;
  static constexpr std::uint8_t hops_unicast = 64;
  /// In front of a payload, for the longest headers; more of it is written than is sent.
  static constexpr std::size_t room =
      sizeof(EthernetHeader) + sizeof(VlanTag) + sizeof(Ipv6Header) + sizeof(UdpHeader);

  /// Frames of a `vlan` bear its tag.
  UdpFramer(const Endpoint& self, const MacAddress& mac, Checksums checksums,
            std::uint16_t vlan = untagged);

  /// Of a frame, in front of its payload.
  std::size_t headers_bytes() const { return headers_bytes_; }
  std::size_t link_bytes() const { return headers_bytes_ - ip_bytes_ - sizeof(UdpHeader); }
  std::size_t ip_bytes() const { return ip_bytes_; }

  /// Where the port computes the UDP checksum, the field holds what ports expect in it: the sum of
  /// the pseudo header. There are `room` bytes in front of `payload`; `rest` follows it, from
  /// elsewhere.
  void write(std::span<std::byte> payload, const MacAddress& destination, const Endpoint& peer,
             std::span<const std::byte> rest = {}) const;
  /// write() was called with these the last time, and `payload` stands where it stood.
  bool is_written(std::span<const std::byte> payload, const MacAddress& destination,
                  const Endpoint& peer) const;

 private:
  ChecksumSum write_ipv4(std::byte* payload, std::uint16_t udp_bytes, const IpAddress& peer) const;
  ChecksumSum write_ipv6(std::byte* payload, std::uint16_t udp_bytes, const IpAddress& peer) const;

  std::size_t ip_bytes_;
  std::size_t headers_bytes_;
  /// The headers, at its end. The destination's Ethernet address, which is first, is in none.
  std::array<std::byte, room - sizeof(MacAddress)> prepared_;
  Be16 source_port_;
  ChecksumSum ip_sum_;   ///< of the prepared IPv4 header
  ChecksumSum udp_sum_;  ///< of the pseudo header, as far as it is the same
  Checksums checksums_;
};

}  // namespace muster::dpdk
