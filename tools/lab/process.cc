#include "tools/lab/process.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/errors.h"

namespace muster::lab {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe open_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw StartError(fmt::format("no pipe to a child process: {}", std::strerror(errno)));
  return {ends[0], ends[1]};
}

/// Only calls that are safe between fork and exec.
[[noreturn]] void become(const std::vector<char*>& arguments, const Pipe& input, const Pipe& output,
                         pid_t parent) {
  ::signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  dup2(input.read_end, STDIN_FILENO);
  dup2(output.write_end, STDOUT_FILENO);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command) {
  ::signal(SIGPIPE, SIG_IGN);  // a child that is gone is seen by its status
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const Pipe input = open_pipe();
  const Pipe output = open_pipe();
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) become(arguments, input, output, parent);
  close(input.read_end);
  close(output.write_end);
  input_ = input.write_end;
  output_ = output.read_end;
  if (pid_ < 0)
    throw StartError(fmt::format("cannot start {}: {}", command[0], std::strerror(errno)));
  fcntl(output_, F_SETFL, O_NONBLOCK);
  fcntl(input_, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
  if (!ended()) {
    signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(input_);
  close(output_);
}

std::vector<std::string> Process::read_lines() {
  write_unsent();
  char buffer[4096];
  for (ssize_t got; (got = read(output_, buffer, sizeof buffer)) > 0;)
    partial_.append(buffer, static_cast<std::size_t>(got));
  std::vector<std::string> lines;
  for (std::size_t end; (end = partial_.find('\n')) != std::string::npos;) {
    lines.push_back(partial_.substr(0, end));
    partial_.erase(0, end + 1);
  }
  return lines;
}

void Process::write_line(const std::string& line) {
  unsent_ += line;
  unsent_ += '\n';
  write_unsent();
}

void Process::write_unsent() {
  if (unsent_.empty()) return;
  const ssize_t written = write(input_, unsent_.data(), unsent_.size());
  if (written > 0)
    unsent_.erase(0, static_cast<std::size_t>(written));
  else if (errno != EAGAIN)
    unsent_.clear();
}

void Process::signal(int number) const { kill(pid_, number); }

std::optional<int> Process::ended() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

}  // namespace muster::lab
