// Writes the headers of our own datagrams (docs/protocol.md §1.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cluster/types.h"
#include "dpdk_transport/checksum.h"
#include "dpdk_transport/headers.h"

namespace muster::dpdk {

enum class Checksum : std::uint8_t { computed, left_to_port, none };

/// Who computes which. IPv4 headers have one always.
struct Checksums {
  Checksum ip = Checksum::computed;
  Checksum udp = Checksum::computed;
};

/// All that is the same in every datagram of a member is prepared once.
class UdpFramer {
 public:
  /// Multicast never leaves the segment.
  static constexpr std::uint8_t ttl_multicast = 1;
  static constexpr std::uint8_t ttl_unicast = 64;

  UdpFramer(const Endpoint& self, const MacAddress& mac, Checksums checksums);

  /// `frame` has room for the headers, and the payload behind them. Where the port computes the
  /// UDP checksum, the field holds what ports expect in it: the sum of the pseudo header.
  void write(std::span<std::byte> frame, const MacAddress& destination, const Endpoint& peer) const;

 private:
  UdpFrameHeaders prepared_;
  ChecksumSum ip_sum_;   ///< of the prepared IPv4 header
  ChecksumSum udp_sum_;  ///< of the pseudo header, as far as it is the same
  Checksums checksums_;
};

}  // namespace muster::dpdk
