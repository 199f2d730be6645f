// A kernel UDP socket that knows its peer.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>

#include "bench/messaging/endpoint.h"
#include "bench/messaging/ways.h"
#include "cluster/mtu.h"
#include "socket_transport/sockets.h"

namespace muster::bench {

/// Of IPv4: 65,535 without its header and UDP's.
inline constexpr std::size_t datagram_bytes_max = 65'507;
/// The loopback's packets are larger; the comparison is with those of an Ethernet.
inline std::size_t ethernet_datagram_bytes() { return payload_bytes_of(mtu()); }

inline socket::Socket open_udp(const Place& place) {
  const auto end_of = [&](Role role) {
    return Endpoint{.address = role == Role::near ? 0x7f000001u : 0x7f000002u, .port = place.port};
  };
  socket::Socket opened = socket::open_unicast(end_of(place.role), {}, {});
  const Role other = place.role == Role::near ? Role::far : Role::near;
  const socket::SocketAddress peer = socket::to_kernel(end_of(other), 0);
  if (::connect(opened.fd(), &peer.any, sizeof peer) != 0) {
    throw std::runtime_error(std::string("cannot connect a UDP socket to 127.0.0.x: ") +
                             std::strerror(errno) + "; check that the loopback is up");
  }
  return opened;
}

}  // namespace muster::bench
