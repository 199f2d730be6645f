// A program in a process of its own, and what it says.
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/config.h"
#include "node/clock.h"

namespace muster::test {

/// Killed at the latest when this goes.
class Child {
 public:
  Child(const std::string& program, std::vector<std::string> arguments) {
    int input[2];
    int output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(input[0], STDIN_FILENO);
      dup2(output[1], STDOUT_FILENO);
      std::vector<char*> words{const_cast<char*>(program.c_str())};
      for (std::string& argument : arguments) words.push_back(argument.data());
      words.push_back(nullptr);
      execv(program.c_str(), words.data());
      _exit(127);
    }
    close(input[0]);
    close(output[1]);
    input_ = input[1];
    output_ = output[0];
  }
  ~Child() {
    end_input();
    close(output_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void signal(int number) const { kill(pid_, number); }
  void write(const std::string& text) const {
    ASSERT_EQ(::write(input_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void end_input() {
    if (input_ >= 0) close(input_);
    input_ = -1;
  }
  /// The next line that it says; empty at its end, and after twenty seconds.
  std::string line() {
    for (const TimeNs start = monotonic_ns();;) {
      if (const std::size_t end = said_.find('\n'); end != said_.npos) {
        std::string line = said_.substr(0, end);
        said_.erase(0, end + 1);
        return line;
      }
      pollfd waited{.fd = output_, .events = POLLIN, .revents = 0};
      if (monotonic_ns() - start > 20 * second) return {};
      if (poll(&waited, 1, 1000) == 0) continue;
      char buffer[4096];
      const ssize_t count = read(output_, buffer, sizeof buffer);
      if (count <= 0) return {};
      said_.append(buffer, static_cast<std::size_t>(count));
    }
  }
  /// The exit status, once there is one.
  std::optional<int> ended() {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  /// Within twenty seconds.
  std::optional<int> wait() {
    for (int i = 0; i < 4000; ++i, usleep(5000))
      if (const auto status = ended()) return status;
    return std::nullopt;
  }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string said_;
};

}  // namespace muster::test
