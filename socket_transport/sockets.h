// Opens the two sockets of a member. Whatever is wrong is one sentence with its remedy, thrown
// as StartError.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>

#include "cluster/errors.h"
#include "cluster/types.h"

namespace muster::socket {

/// Owns a file descriptor.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket();
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// The network interface that has an address.
struct Interface {
  std::string name;
  unsigned flags = 0;  ///< IFF_UP, IFF_MULTICAST ...
  unsigned index = 0;
};

/// As the kernel has an endpoint of either family. It takes more bytes than a family has.
union SocketAddress {
  sockaddr_in6 v6{};
  sockaddr_in v4;
  sockaddr any;
};
/// On the interface with this index where the address means something on one segment only.
SocketAddress to_kernel(const Endpoint& endpoint, unsigned interface_index);
Endpoint to_endpoint(const SocketAddress& address);

/// The interface of this machine that has `address`, and this name unless that is empty; all of
/// 127.0.0.0/8 is the loopback's.
Interface interface_with(const IpAddress& address, std::string_view name);
/// Refuses an interface that is down, or that cannot multicast.
void check_multicast(const Interface& interface, const Endpoint& group, const IpAddress& address);
/// Refuses an interface whose own MTU is less than `mtu`.
void check_carries(const Interface& interface, std::uint32_t mtu);

/// Bound to `self`: receives the unicast, and sends everything, so that the source is `self`.
Socket open_unicast(const Endpoint& self, const Interface& interface,
                    std::optional<std::uint32_t> busy_poll_us);
/// What a route does not carry whole is refused (EMSGSIZE), where the kernel would send it in
/// pieces. `self` is the socket's own address.
void forbid_fragments(const Socket& socket, const IpAddress& self);
/// Bound to `group`, a member of it on the interface that has the address of `self`; several
/// members on one host each get a copy.
Socket open_group(const Endpoint& group, const Endpoint& self, const Interface& interface);

}  // namespace muster::socket
