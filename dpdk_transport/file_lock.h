// A lock beside what it protects, which ends with its process at the latest.
#pragma once

#include <string>
#include <string_view>

namespace muster::dpdk {

/// Between processes. The kernel gives back what a killed one has held; its file may stay, and is
/// no hindrance.
class FileLock {
 public:
  explicit FileLock(std::string path) : path_(std::move(path)) {}
  /// Removes the file if it holds the lock.
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// False: another process, or another object, holds it. Throws std::system_error where no file
  /// can be made or opened.
  bool take();
  /// Whether anybody does; false, too, where this process may not look.
  static bool is_held(const std::string& path);
  /// For whoever reads the file; by who holds it.
  void say(std::string_view text);

 private:
  std::string path_;
  int fd_ = -1;  ///< of who holds it
};

}  // namespace muster::dpdk
