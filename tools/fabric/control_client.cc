#include "tools/fabric/control_client.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tools/errors.h"
#include "tools/fabric/unix_socket.h"

namespace muster::fabric {
namespace {

constexpr time_t answer_seconds_max = 5;

struct Connection {
  int fd;
  ~Connection() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

std::string ask(const std::string& path, const std::string& request) {
  const Connection to_switch{connect_to(path)};
  if (to_switch.fd < 0)
    throw StartError(fmt::format(
        "no switch listens at {} ({}); start one with --control {}, or name the path it was given",
        path, std::strerror(errno), path));
  const timeval patience{.tv_sec = answer_seconds_max, .tv_usec = 0};
  ::setsockopt(to_switch.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(to_switch.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);

  std::string line = request + '\n';
  std::string answer;
  const ssize_t sent = ::send(to_switch.fd, line.data(), line.size(), MSG_NOSIGNAL);
  bool alive = sent == static_cast<ssize_t>(line.size());
  while (alive && !answer.ends_with('\n')) {
    std::array<char, 4096> bytes;
    const ssize_t count = ::recv(to_switch.fd, bytes.data(), bytes.size(), 0);
    alive = count > 0;
    if (alive) answer.append(bytes.data(), static_cast<std::size_t>(count));
  }
  if (!alive)
    throw StartError(
        fmt::format("the switch at {} gives no answer; is its process running?", path));
  answer.pop_back();
  return answer;
}

}  // namespace muster::fabric
