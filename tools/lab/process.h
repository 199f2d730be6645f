// A child process whose standard input and output are lines to and from us. It does not outlive
// us: the kernel kills it when we die, and the destructor when we are done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace muster::lab {

class Process {
 public:
  /// Throws StartError when it cannot be started.
  explicit Process(const std::vector<std::string>& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return pid_; }
  /// Readable when a line may be there.
  int output() const { return output_; }
  /// The lines that have come so far; never blocks.
  std::vector<std::string> read_lines();
  /// Never blocks: what the child has no room for yet goes with the next read_lines(). What a
  /// child that is gone no longer reads is dropped.
  void write_line(const std::string& line);

  void signal(int number) const;
  /// The status it ended with (128 + the signal's number when it was killed); nothing while it
  /// runs.
  std::optional<int> ended();

 private:
  void write_unsent();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string partial_;
  std::string unsent_;
  std::optional<int> status_;
};

}  // namespace muster::lab
