// A server with an event loop, to which the cluster is one more file descriptor: it passes each
// line of its standard input, a pipe or a terminal, on to whoever serves /echo, and prints the
// answers.
//
//   event_loop server.toml
//
// The loop sleeps until there is something to do. Over DPDK that takes mode = "pipelined": a port
// of DPDK has to be polled, which the threads of the node do.
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>

#include <sys/epoll.h>
#include <unistd.h>

#include "node/config_file.h"
#include "node/node.h"

namespace {

void watch(int epoll, int descriptor) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

class Gateway {
 public:
  explicit Gateway(muster::Node& node) : node_(node), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(epoll_, node.event_fd());
    watch(epoll_, STDIN_FILENO);
  }

  /// Until the input has ended and all is answered, or this member is none any more.
  void run() {
    while ((!ended_ || calls_ > 0) && !muster::is_final(node_.standing())) {
      while (node_.poll() > 0) {
      }
      // The last word before the sleep: what comes from here on makes the descriptor readable.
      if ((ended_ && calls_ == 0) || !node_.arm()) continue;
      epoll_event event;
      if (epoll_wait(epoll_, &event, 1, -1) == 1 && event.data.fd == STDIN_FILENO) read_lines();
    }
  }

 private:
  void read_lines() {
    std::array<char, 4096> buffer;
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count <= 0) {
      ended_ = true;
      epoll_ctl(epoll_, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
      return;
    }
    input_.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end; (end = input_.find('\n')) != input_.npos; input_.erase(0, end + 1))
      node_.spawn(pass_on(input_.substr(0, end)));
  }

  muster::Task<> pass_on(std::string line) {
    ++calls_;
    muster::CallAnswer answer = co_await ask(line);
    while (answer.sent == muster::SendResult::would_block) {
      co_await node_.next_poll();
      answer = co_await ask(line);
    }
    if (answer)
      std::printf("%.*s\n", static_cast<int>(answer.payload.size()),
                  reinterpret_cast<const char*>(answer.payload.data()));
    else
      std::printf("no answer to %s\n", line.c_str());
    std::fflush(stdout);
    --calls_;
  }
  muster::AwaitedCall ask(const std::string& line) {
    return node_.call("/echo", std::as_bytes(std::span(line)), 5 * muster::second);
  }

  muster::Node& node_;
  const int epoll_;
  std::string input_;
  int calls_ = 0;
  bool ended_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CONFIG.toml\n", argv[0]);
    return 2;
  }
  try {
    muster::Handler nothing;
    muster::Node node(muster::load_config(argv[1]), nothing);
    if (!node.join(10 * muster::second)) throw muster::StartError("could not join within 10 s");
    while (node.lookup("/echo").empty() && !muster::is_final(node.standing()))
      node.idle(node.poll());
    Gateway(node).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
