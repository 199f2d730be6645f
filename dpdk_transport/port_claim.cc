#include "dpdk_transport/port_claim.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cluster/errors.h"

namespace muster::dpdk {

/// A name without a file, which one socket of a network namespace can have. Where there are no
/// such sockets nothing is claimed.
PortClaim::PortClaim(const std::string& port)
    : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  const std::string name = "muster/port/" + port;
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::size_t size = name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + size);
  if (socket_ < 0 || bind(socket_, reinterpret_cast<const sockaddr*>(&address), length) == 0 ||
      errno != EADDRINUSE)
    return;
  close(socket_);
  throw StartError(
      fmt::format("{} is the port of another member on this machine: give this one another, or end "
                  "that; members of one machine meet through `muster fabric`",
                  port));
}

PortClaim::~PortClaim() {
  if (socket_ >= 0) close(socket_);
}

}  // namespace muster::dpdk
