// What the tests with real ports share: a folder for sockets, patience, and a second process.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dpdk_transport/eal.h"
#include "tools/lab/temporary_folder.h"

namespace muster::dpdk::testing {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The settings of every test's EAL: one process has one.
inline const EalConfig eal{.memory_mb = 64};

using muster::TemporaryFolder;

inline std::string memif(const std::string& role, const std::filesystem::path& socket, int id = 0,
                         int device = 0) {
  return "net_memif" + std::to_string(device) + ",role=" + role + ",id=" + std::to_string(id) +
         ",socket=" + socket.string();
}

/// Polls until `done` or the patience ends; what it says then.
inline bool eventually(const std::function<bool()>& done,
                       milliseconds patience = milliseconds(5000)) {
  const auto deadline = Clock::now() + patience;
  while (!done()) {
    if (Clock::now() >= deadline) return done();
    std::this_thread::yield();
  }
  return true;
}

/// tests/dpdk_transport/peer.cc, run with `arguments`. Killed with its object.
class Peer {
 public:
  explicit Peer(std::vector<std::string> arguments) {
    int output[2];
    if (pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    // Who inherited the sockets of our ports would keep them open when we close them.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    std::string program = PEER_PROGRAM;
    std::vector<char*> argv = {program.data()};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int error = posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(output[1]);
    output_ = output[0];
    if (error != 0) throw std::runtime_error("cannot run " + program);
  }
  ~Peer() {
    kill_hard();
    close(output_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  pid_t pid() const { return pid_; }
  /// The next line that it writes; empty when it writes no more.
  std::string line() {
    std::string text;
    pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
    for (char c = 0; poll(&readable, 1, 20'000) == 1 && read(output_, &c, 1) == 1 && c != '\n';)
      text += c;
    return text;
  }
  void kill_hard() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    wait();
  }
  /// Asks it to end; its exit status, or the signal's number and 128.
  int stop() {
    kill(pid_, SIGTERM);
    return wait();
  }
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace muster::dpdk::testing
