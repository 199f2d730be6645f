#include "socket_transport/sockets.h"

#include <bit>
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

/// What the two families have in common, by their own names for it.
struct Family {
  int domain;
  int level;
  int multicast_loop;
  int multicast_all;
  int mtu_discover;
  int mtu_discover_do;
  const char* word;
  const char* groups;
  const char* shown_by;
  const char* joined_max;
};
constexpr Family ipv4{.domain = AF_INET,
                      .level = IPPROTO_IP,
                      .multicast_loop = IP_MULTICAST_LOOP,
                      .multicast_all = IP_MULTICAST_ALL,
                      .mtu_discover = IP_MTU_DISCOVER,
                      .mtu_discover_do = IP_PMTUDISC_DO,
                      .word = "IPv4",
                      .groups = "from 224.0.0.0 to 239.255.255.255, such as 239.77.0.1",
                      .shown_by = "ip -4 address",
                      .joined_max = "net.ipv4.igmp_max_memberships"};
constexpr Family ipv6{.domain = AF_INET6,
                      .level = IPPROTO_IPV6,
                      .multicast_loop = IPV6_MULTICAST_LOOP,
                      .multicast_all = IPV6_MULTICAST_ALL,
                      .mtu_discover = IPV6_MTU_DISCOVER,
                      .mtu_discover_do = IPV6_PMTUDISC_DO,
                      .word = "IPv6",
                      .groups = "of ff00::/8, such as ff12::4d:1",
                      .shown_by = "ip -6 address",
                      .joined_max = "net.core.optmem_max"};

const Family& family_of(const IpAddress& address) { return address.is_v4() ? ipv4 : ipv6; }

Socket open_socket(const Family& family) {
  const int fd = ::socket(family.domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    const char* remedy = errno == EAFNOSUPPORT ? "this kernel has none of that family"
                                               : "raise the limit on open files (ulimit -n)";
    fail(fmt::format("cannot open a UDP socket of {}: {}; {}", family.word, std::strerror(errno),
                     remedy));
  }
  Socket socket(fd);
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, buffer_bytes))
    set_option(fd, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
  if (!set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, buffer_bytes))
    set_option(fd, SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  return socket;
}

void bind_to(int fd, const Endpoint& endpoint, const Interface& interface) {
  const SocketAddress address = to_kernel(endpoint, interface.index);
  if (::bind(fd, &address.any, sizeof address) == 0) return;
  const int error = errno;
  std::string remedy = "check the address and the port";
  if (error == EADDRINUSE) {
    remedy = "another process has this port: stop it, or choose another port";
  } else if (error == EADDRNOTAVAIL) {  // though the interface has it
    remedy = fmt::format(
        "the kernel still asks whether another machine has this address, or has found one: look at "
        "`{}`",
        family_of(endpoint.address).shown_by);
  } else if (error == EACCES) {
    remedy = "ports below 1024 need privileges: choose a higher one";
  }
  fail(fmt::format("cannot bind {}: {} ({})", to_string(endpoint), remedy, std::strerror(error)));
}

/// What is sent to a group leaves by this interface.
bool multicast_by(int fd, const Interface& interface, const IpAddress& address) {
  const int index = static_cast<int>(interface.index);
  if (!address.is_v4()) return set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index);
  const ip_mreqn way{
      .imr_multiaddr = {}, .imr_address = {.s_addr = htonl(address.v4())}, .imr_ifindex = index};
  return set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, way);
}

/// Only what arrives on this interface: not what other sockets of the host have joined for.
bool join(int fd, const Endpoint& group, const Interface& interface) {
  const Family& family = family_of(group.address);
  const SocketAddress address = to_kernel(group, interface.index);
  group_req membership{.gr_interface = interface.index, .gr_group = {}};
  std::memcpy(&membership.gr_group, &address, sizeof address);
  constexpr int off = 0;
  return set_option(fd, family.level, family.multicast_all, off) &&
         set_option(fd, family.level, MCAST_JOIN_GROUP, membership);
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

SocketAddress to_kernel(const Endpoint& endpoint, unsigned interface_index) {
  SocketAddress address;
  const std::uint16_t port = htons(endpoint.port);
  if (endpoint.address.is_v4())
    address.v4 = {.sin_family = AF_INET,
                  .sin_port = port,
                  .sin_addr = {.s_addr = htonl(endpoint.address.v4())},
                  .sin_zero = {}};
  else
    address.v6 = {.sin6_family = AF_INET6,
                  .sin6_port = port,
                  .sin6_flowinfo = 0,
                  .sin6_addr = std::bit_cast<in6_addr>(endpoint.address.bytes()),
                  .sin6_scope_id = interface_index};
  return address;
}

Endpoint to_endpoint(const SocketAddress& address) {
  if (address.any.sa_family == AF_INET)
    return {.address = ntohl(address.v4.sin_addr.s_addr), .port = ntohs(address.v4.sin_port)};
  return {.address = IpAddress(std::bit_cast<IpAddress::Bytes>(address.v6.sin6_addr)),
          .port = ntohs(address.v6.sin6_port)};
}

Interface interface_with(const IpAddress& address, std::string_view name) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    fail(fmt::format("cannot list the network interfaces: {}; check that /sys is readable",
                     std::strerror(errno)));
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  const Family& family = family_of(address);
  const bool any_of_loopback = address.is_v4() && address.is_loopback();
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != family.domain) continue;
    const auto& own = *reinterpret_cast<const SocketAddress*>(entry->ifa_addr);
    const bool has_it = to_endpoint(own).address == address ||
                        (any_of_loopback && (entry->ifa_flags & IFF_LOOPBACK) != 0);
    if (has_it && (name.empty() || name == entry->ifa_name)) {
      return {.name = entry->ifa_name,
              .flags = entry->ifa_flags,
              .index = if_nametoindex(entry->ifa_name)};
    }
  }
  fail(fmt::format("no interface of this machine{}{} has the address {}: use one that `{}` shows",
                   name.empty() ? "" : " named ", name, to_string(address), family.shown_by));
}

void check_multicast(const Interface& interface, const Endpoint& group, const IpAddress& address) {
  const Family& family = family_of(address);
  if (!group.address.is_multicast() || !group.address.same_family(address)) {
    fail(fmt::format("{} is not a multicast group of {}: choose one {}", to_string(group),
                     family.word, family.groups));
  }
  if ((interface.flags & IFF_UP) == 0) {
    fail(fmt::format("the interface {} ({}) is down: `ip link set {} up`", interface.name,
                     to_string(address), interface.name));
  }
  if ((interface.flags & (IFF_MULTICAST | IFF_LOOPBACK)) == 0) {
    fail(
        fmt::format("the interface {} ({}) has no route for multicast to {}: `ip link set {} "
                    "multicast on`, or use an address of another interface",
                    interface.name, to_string(address), to_string(group), interface.name));
  }
}

void check_carries(const Interface& interface, std::uint32_t mtu) {
  const Socket any = open_socket(ipv4);
  ifreq request{};
  interface.name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(any.fd(), SIOCGIFMTU, &request) != 0) return;  // it has just gone: bind() says so
  if (request.ifr_mtu >= static_cast<int>(mtu)) return;
  fail(
      fmt::format("{} carries {} bytes, and members send {}: `ip link set dev {} mtu {}`, or give "
                  "all members a lower mtu",
                  interface.name, request.ifr_mtu, mtu, interface.name, mtu));
}

void forbid_fragments(const Socket& socket, const IpAddress& self) {
  const Family& family = family_of(self);
  set_option(socket.fd(), family.level, family.mtu_discover, family.mtu_discover_do);
}

Socket open_unicast(const Endpoint& self, const Interface& interface,
                    std::optional<std::uint32_t> busy_poll_us) {
  const Family& family = family_of(self.address);
  Socket socket = open_socket(family);
  bind_to(socket.fd(), self, interface);
  constexpr int on = 1;
  if (!multicast_by(socket.fd(), interface, self.address) ||
      !set_option(socket.fd(), family.level, family.multicast_loop, on)) {
    fail(fmt::format("cannot multicast from {}: {}; use an address of an interface that does",
                     to_string(self.address), std::strerror(errno)));
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

Socket open_group(const Endpoint& group, const Endpoint& self, const Interface& interface) {
  const Family& family = family_of(group.address);
  Socket socket = open_socket(family);
  constexpr int on = 1;
  set_option(socket.fd(), SOL_SOCKET, SO_REUSEADDR, on);
  bind_to(socket.fd(), group, interface);
  if (!join(socket.fd(), group, interface)) {
    fail(fmt::format(
        "cannot join the multicast group {} on the interface of {}: {}; check that "
        "the interface is up, and {}",
        to_string(group), to_string(self.address), std::strerror(errno), family.joined_max));
  }
  return socket;
}

}  // namespace muster::socket
