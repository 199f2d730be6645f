// Writes the headers of our own datagrams (docs/protocol.md §1.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cluster/types.h"
#include "dpdk_transport/checksum.h"
#include "dpdk_transport/headers.h"

namespace muster::dpdk {

/// Whom the port spares the work of a checksum.
struct ChecksumOffload {
  bool ip = false;
  bool udp = false;
};

/// All that is the same in every datagram of a member is prepared once.
class UdpFramer {
 public:
  /// Multicast never leaves the segment.
  static constexpr std::uint8_t ttl_multicast = 1;
  static constexpr std::uint8_t ttl_unicast = 64;

  UdpFramer(const Endpoint& self, const MacAddress& mac, ChecksumOffload offload);

  /// `frame` has room for the headers, and the payload behind them. Where the port computes the
  /// UDP checksum, the field holds what ports expect in it: the sum of the pseudo header.
  void write(std::span<std::byte> frame, const MacAddress& destination, const Endpoint& peer) const;

 private:
  UdpFrameHeaders prepared_;
  ChecksumSum ip_sum_;   ///< of the prepared IPv4 header
  ChecksumSum udp_sum_;  ///< of the pseudo header, as far as it is the same
  ChecksumOffload offload_;
};

}  // namespace muster::dpdk
