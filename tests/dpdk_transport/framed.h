// Whole frames, by the writer of their headers.
#pragma once

#include <span>

#include "dpdk_transport/udp_frame.h"
#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk::testing {

/// The frame that carries `payload` to `peer`.
inline golden::Bytes framed(const UdpFramer& framer, std::span<const std::byte> payload,
                            const MacAddress& destination, const Endpoint& peer) {
  golden::Bytes place(UdpFramer::room, std::byte{0xee});
  place.insert(place.end(), payload.begin(), payload.end());
  framer.write(std::span(place).subspan(UdpFramer::room), destination, peer);
  const std::size_t unused = UdpFramer::room - framer.headers_bytes();
  return {place.begin() + static_cast<std::ptrdiff_t>(unused), place.end()};
}

/// Told apart by each part of what the headers were written for.
inline bool knows_what_it_wrote(const UdpFramer& framer, std::span<std::byte> frame,
                                const MacAddress& destination, const Endpoint& peer) {
  const auto payload = frame.subspan(framer.headers_bytes());
  const Endpoint another_port{peer.address, static_cast<std::uint16_t>(peer.port + 1)};
  const Endpoint another_address{{peer.address.high, peer.address.low ^ 1}, peer.port};
  return framer.is_written(payload, destination, peer) &&
         !framer.is_written(payload, broadcast_mac, peer) &&
         !framer.is_written(payload, destination, another_port) &&
         !framer.is_written(payload, destination, another_address);
}

}  // namespace muster::dpdk::testing
