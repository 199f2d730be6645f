// This program, run again as another process, and a folder for the two to meet in. Neither
// survives its owner.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace muster::bench {

class Child {
 public:
  using Clock = std::chrono::steady_clock;

  /// Runs this program with `arguments`. The kernel kills it when this process goes.
  explicit Child(const std::vector<std::string>& arguments);
  /// Kills it if it still runs.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next line of its standard output; what there is of it where the output ends, or when
  /// `deadline` comes or a signal.
  std::string read_line(Clock::time_point deadline);
  /// Its exit status; nothing if it still runs at `deadline` or died by a signal.
  std::optional<int> wait(Clock::time_point deadline);
  /// Asks it to end.
  void stop();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace muster::bench
