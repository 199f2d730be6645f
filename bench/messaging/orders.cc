#include "bench/messaging/orders.h"

#include <cstdio>

#include <poll.h>
#include <unistd.h>

#include "bench/messaging/side.h"

namespace muster::bench {

std::optional<std::string> Orders::next() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  while (text_.find('\n') == std::string::npos) {
    if (::poll(&input, 1, 0) <= 0) return std::nullopt;
    char buffer[1024];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got <= 0) return quit_line;
    text_.append(buffer, static_cast<std::size_t>(got));
  }
  const std::size_t end = text_.find('\n');
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

}  // namespace muster::bench
