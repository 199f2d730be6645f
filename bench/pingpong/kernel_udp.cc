// Plain kernel UDP, non-blocking and polled: what a server would otherwise use.
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <netinet/in.h>
#include <sys/socket.h>

#include "bench/pingpong/way.h"
#include "socket_transport/sockets.h"

namespace muster::bench {

namespace {

Endpoint end_of(Role role, std::uint16_t port) {
  return {.address = role == Role::ping ? 0x7f000001u : 0x7f000002u, .port = port};
}

class KernelUdp final : public Way {
 public:
  explicit KernelUdp(const Place& place)
      : socket_(socket::open_unicast(end_of(place.role, place.port), {})) {
    const Role other = place.role == Role::ping ? Role::echo : Role::ping;
    const sockaddr_in peer = socket::to_sockaddr(end_of(other, place.port));
    if (::connect(socket_.fd(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) {
      throw std::runtime_error(std::string("cannot connect a UDP socket to 127.0.0.x: ") +
                               std::strerror(errno) + "; check that the loopback is up");
    }
  }

  /// A ping that finds no peer is lost, and tried again.
  bool connect() override { return true; }

  bool send(std::uint64_t number) override {
    write_ping(bytes_, number);
    return ::send(socket_.fd(), bytes_.data(), bytes_.size(), MSG_DONTWAIT) == ping_bytes;
  }

  std::optional<std::uint64_t> receive() override {
    const ssize_t got = ::recv(socket_.fd(), bytes_.data(), bytes_.size(), MSG_DONTWAIT);
    if (got < 0) return std::nullopt;
    return read_ping(std::span(bytes_).first(static_cast<std::size_t>(got)));
  }

  bool echo() override {
    const std::optional<std::uint64_t> number = receive();
    if (number) send(*number);
    return number.has_value();
  }

 private:
  socket::Socket socket_;
  std::array<std::byte, ping_bytes> bytes_{};
};

}  // namespace

std::unique_ptr<Way> open_kernel_udp(const Place& place) {
  return std::make_unique<KernelUdp>(place);
}

}  // namespace muster::bench
