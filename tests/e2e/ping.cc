#include "tests/e2e/ping.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::e2e {

namespace {

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() { close(fd); }
  int fd;
};

/// With its checksum for IPv4; for IPv6 the kernel computes it.
constexpr std::array<std::uint8_t, 8> request(bool v4) {
  if (v4) return {8, 0, 0xf7, 0xfd, 0, 1, 0, 1};
  return {128, 0, 0, 0, 0, 1, 0, 1};
}

/// An answer to it; raw sockets of IPv4 give the header of 20 bytes as well.
bool is_answer(bool v4, const std::array<std::uint8_t, 256>& got, ssize_t size) {
  const std::size_t at = v4 ? 20 : 0;
  return size >= static_cast<ssize_t>(at + 8) && got[at] == (v4 ? 0 : 129) && got[at + 5] == 1;
}

}  // namespace

bool kernel_can_ping(const std::string& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), nullptr, &hints, &found) != 0)
    throw std::runtime_error(address + " is no address");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> peer(found, freeaddrinfo);
  const bool v4 = peer->ai_family == AF_INET;
  const Descriptor raw(socket(peer->ai_family, SOCK_RAW | SOCK_CLOEXEC,
                              v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}));
  const auto packet = request(v4);
  for (int second = 0; second < 5; ++second) {
    sendto(raw.fd, packet.data(), packet.size(), 0, peer->ai_addr, peer->ai_addrlen);
    pollfd waiting{raw.fd, POLLIN, 0};
    while (poll(&waiting, 1, 1000) > 0) {
      std::array<std::uint8_t, 256> got{};
      if (is_answer(v4, got, recv(raw.fd, got.data(), got.size(), 0))) return true;
    }
  }
  return false;
}

}  // namespace muster::e2e
