#include "socket_transport/sockets.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::socket {

namespace {

// Room for bursts. Without privileges the kernel lowers it to net.core.rmem_max, without a word.
constexpr int buffer_bytes = 4 << 20;

[[noreturn]] void fail(const std::string& sentence) { throw StartError(sentence); }

template <class T>
bool set_option(int fd, int level, int option, const T& value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

Socket open_socket() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    fail(fmt::format("cannot open a UDP socket: {}; raise the limit on open files (ulimit -n)",
                     std::strerror(errno)));
  }
  Socket socket(fd);
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, buffer_bytes))
    set_option(fd, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
  if (!set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, buffer_bytes))
    set_option(fd, SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  return socket;
}

void bind_to(int fd, const Endpoint& endpoint) {
  const sockaddr_in address = to_sockaddr(endpoint);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  const int error = errno;
  const char* remedy = "check the address and the port";
  if (error == EADDRINUSE) {
    remedy = "another process has this port: stop it, or choose another port";
  } else if (error == EADDRNOTAVAIL) {
    remedy = "no interface of this machine has this address: use one that `ip -4 address` shows";
  } else if (error == EACCES) {
    remedy = "ports below 1024 need privileges: choose a higher one";
  }
  fail(fmt::format("cannot bind {}: {} ({})", to_string(endpoint), remedy, std::strerror(error)));
}

in_addr to_in_addr(std::uint32_t address) { return {.s_addr = htonl(address)}; }

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

sockaddr_in to_sockaddr(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  address.sin_addr = to_in_addr(endpoint.address);
  return address;
}

Endpoint to_endpoint(const sockaddr_in& address) {
  return {.address = ntohl(address.sin_addr.s_addr), .port = ntohs(address.sin_port)};
}

std::string dotted(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 0xff, address >> 8 & 0xff,
                     address & 0xff);
}

Interface interface_with(std::uint32_t address) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    fail(fmt::format("cannot list the network interfaces: {}; check that /sys is readable",
                     std::strerror(errno)));
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  const bool loopback = address >> 24 == 127;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const auto* own = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
    if (to_endpoint(*own).address == address ||
        (loopback && (entry->ifa_flags & IFF_LOOPBACK) != 0)) {
      return {.name = entry->ifa_name, .flags = entry->ifa_flags};
    }
  }
  fail(
      fmt::format("no interface of this machine has the address {}: use one that "
                  "`ip -4 address` shows",
                  dotted(address)));
}

void check_multicast(const Interface& interface, const Endpoint& group, std::uint32_t address) {
  if (group.address >> 28 != 0xe) {
    fail(
        fmt::format("{} is not a multicast group: choose one from 224.0.0.0 to "
                    "239.255.255.255, such as 239.77.0.1",
                    to_string(group)));
  }
  if ((interface.flags & IFF_UP) == 0) {
    fail(fmt::format("the interface {} ({}) is down: `ip link set {} up`", interface.name,
                     dotted(address), interface.name));
  }
  if ((interface.flags & (IFF_MULTICAST | IFF_LOOPBACK)) == 0) {
    fail(
        fmt::format("the interface {} ({}) has no route for multicast to {}: `ip link set {} "
                    "multicast on`, or use an address of another interface",
                    interface.name, dotted(address), to_string(group), interface.name));
  }
}

void check_carries(const Interface& interface, std::uint32_t mtu) {
  const Socket any = open_socket();
  ifreq request{};
  interface.name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(any.fd(), SIOCGIFMTU, &request) != 0) return;  // it has just gone: bind() says so
  if (request.ifr_mtu >= static_cast<int>(mtu)) return;
  fail(
      fmt::format("{} carries {} bytes, and members send {}: `ip link set dev {} mtu {}`, or give "
                  "all members a lower mtu",
                  interface.name, request.ifr_mtu, mtu, interface.name, mtu));
}

void forbid_fragments(const Socket& socket) {
  set_option(socket.fd(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
}

Socket open_unicast(const Endpoint& self, std::optional<std::uint32_t> busy_poll_us) {
  Socket socket = open_socket();
  bind_to(socket.fd(), self);
  const in_addr source = to_in_addr(self.address);
  constexpr int on = 1;
  if (!set_option(socket.fd(), IPPROTO_IP, IP_MULTICAST_IF, source) ||
      !set_option(socket.fd(), IPPROTO_IP, IP_MULTICAST_LOOP, on)) {
    fail(fmt::format("cannot multicast from {}: {}; use an address of an interface that does",
                     dotted(self.address), std::strerror(errno)));
  }
  if (busy_poll_us &&
      !set_option(socket.fd(), SOL_SOCKET, SO_BUSY_POLL, static_cast<int>(*busy_poll_us))) {
    fail(
        fmt::format("cannot poll the device of {} busily for {} us: {}; raise net.core.busy_read, "
                    "give the process CAP_NET_ADMIN, or leave busy_poll_us out",
                    to_string(self), *busy_poll_us, std::strerror(errno)));
  }
  return socket;
}

Socket open_group(const Endpoint& group, const Endpoint& self) {
  Socket socket = open_socket();
  const int fd = socket.fd();
  constexpr int on = 1;
  constexpr int off = 0;
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, on);
  bind_to(fd, group);
  const ip_mreq membership{.imr_multiaddr = to_in_addr(group.address),
                           .imr_interface = to_in_addr(self.address)};
  // Only what arrives on this interface: not what other sockets of the host have joined for.
  if (!set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, off) ||
      !set_option(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership)) {
    fail(
        fmt::format("cannot join the multicast group {} on the interface of {}: {}; check that "
                    "the interface is up, and net.ipv4.igmp_max_memberships",
                    to_string(group), dotted(self.address), std::strerror(errno)));
  }
  return socket;
}

}  // namespace muster::socket
