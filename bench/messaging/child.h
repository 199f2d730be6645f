// A process that is told lines, and answers with lines within a time.
#pragma once

#include <chrono>
#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/lab/process.h"

namespace muster::bench {

/// By SIGINT or SIGTERM.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};
/// From now on these signals make Child::read_line() throw Interrupted, so that everything is
/// cleared away.
void throw_on_signals();

class Child {
 public:
  /// `name` is for what it throws. Throws StartError when it cannot be started.
  Child(std::string name, const std::vector<std::string>& command)
      : name_(std::move(name)), process_(command) {}
  /// Gives it some time to end by itself, once it was asked to, before it is killed.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void tell(const std::string& line) { process_.write_line(line); }
  void signal(int number) { process_.signal(number); }
  /// Blocks. Throws std::runtime_error when it says why it failed, when it ends, and after `limit`.
  std::string read_line(std::chrono::milliseconds limit);
  /// All lines until it ends; otherwise the same.
  std::vector<std::string> read_all(std::chrono::milliseconds limit);

 private:
  using Clock = std::chrono::steady_clock;
  /// False: it has ended, and all is read.
  bool wait_for_line(Clock::time_point deadline);

  std::string name_;
  lab::Process process_;
  std::deque<std::string> lines_;
};

}  // namespace muster::bench
