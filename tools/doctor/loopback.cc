// What the kernel's sockets take on this machine: the way of members without a port of their own.
#include <array>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/clock.h"
#include "tools/doctor/measurements.h"
#include "tools/measure/median.h"

namespace muster::doctor {
namespace {

constexpr DurationNs lost_after_ns = 1'000'000'000;
constexpr DurationNs length_ns = 200'000'000;
constexpr std::size_t message_bytes = 64;

/// A UDP socket of the loopback, which does not block.
class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    usable_ = fd_ >= 0 && bind(fd_, reinterpret_cast<sockaddr*>(&address_), size) == 0 &&
              getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size) == 0;
  }
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool usable() const { return usable_; }
  bool send_to(const Socket& other) {
    const std::array<char, message_bytes> message{};
    return sendto(fd_, message.data(), message.size(), 0,
                  reinterpret_cast<const sockaddr*>(&other.address_),
                  sizeof other.address_) == static_cast<ssize_t>(message.size());
  }
  bool receive() {
    std::array<char, message_bytes> message;
    return recv(fd_, message.data(), message.size(), 0) > 0;
  }

 private:
  int fd_;
  sockaddr_in address_{};
  bool usable_ = false;
};

/// False when nothing comes for too long.
bool await(Socket& socket, const std::stop_token& stop = {}) {
  const TimeNs deadline = monotonic_ns() + lost_after_ns;
  while (!socket.receive())
    if (stop.stop_requested() || monotonic_ns() > deadline) return false;
  return true;
}

std::optional<DurationNs> round_trip_ns(Socket& near, Socket& far, int far_core) {
  const std::jthread echo([&](const std::stop_token& stop) {
    measure::pin_this_thread(far_core);
    while (!stop.stop_requested())
      if (await(far, stop)) far.send_to(near);
  });
  std::vector<double> trips;
  const TimeNs end = monotonic_ns() + length_ns;
  for (TimeNs begin = monotonic_ns(); begin < end; begin = monotonic_ns()) {
    if (!near.send_to(far) || !await(near)) return std::nullopt;
    trips.push_back(static_cast<double>(monotonic_ns() - begin));
  }
  return static_cast<DurationNs>(measure::median(std::move(trips)));
}

double packets_per_second(Socket& near, Socket& far, int far_core) {
  std::uint64_t received = 0;
  const TimeNs begin = monotonic_ns();
  {
    const std::jthread receiver([&](const std::stop_token& stop) {
      measure::pin_this_thread(far_core);
      while (!stop.stop_requested()) received += far.receive() ? 1 : 0;
    });
    while (monotonic_ns() < begin + length_ns) near.send_to(far);
  }
  return static_cast<double>(received) * 1e9 / static_cast<double>(monotonic_ns() - begin);
}

}  // namespace

std::optional<Loopback> measure_loopback(measure::Cores cores) {
  Socket near;
  Socket far;
  if (!near.usable() || !far.usable()) return std::nullopt;
  measure::pin_this_thread(cores.first);
  const auto round_trip = round_trip_ns(near, far, cores.second);
  if (!round_trip) return std::nullopt;
  return Loopback{.round_trip_ns = *round_trip,
                  .packets_per_second = packets_per_second(near, far, cores.second)};
}

}  // namespace muster::doctor
