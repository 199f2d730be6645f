#include "bench/idle/two_members.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/lab/temporary_folder.h"

namespace muster::bench {
namespace {

/// Ends with us, or before.
class Process {
 public:
  template <class Run>
  explicit Process(Run run) : pid_(fork()) {
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
    if (pid_ > 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      run();
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
    _exit(0);
  }
  ~Process() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

 private:
  pid_t pid_;
};

/// Its end for writing is closed in this process by close_writer().
class Pipe {
 public:
  Pipe() {
    if (pipe(ends_) != 0) throw std::system_error(errno, std::generic_category(), "cannot pipe");
  }
  ~Pipe() {
    close(ends_[0]);
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void write(const Findings& findings) const {
    [[maybe_unused]] const auto written = ::write(ends_[1], &findings, sizeof findings);
  }
  void close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  /// False: whoever had to write has ended without.
  bool read(Findings& findings) const {
    return ::read(ends_[0], &findings, sizeof findings) == sizeof findings;
  }

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace

Findings measure(const Case& what, const Lengths& lengths) {
  const TemporaryFolder folder;
  const std::string place = folder.path().string();
  const Process answers([&] { answer(what, place); });
  Pipe found;
  const Process pings([&] { found.write(ping_and_rest(what, lengths, place)); });
  found.close_writer();
  Findings findings;
  if (!found.read(findings)) throw std::runtime_error("the member that pings has failed");
  return findings;
}

}  // namespace muster::bench
