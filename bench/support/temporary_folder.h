// A folder for processes to meet in.
#pragma once

#include <filesystem>

namespace muster::bench {

class TemporaryFolder {
 public:
  /// Throws std::runtime_error where there is no place for one.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace muster::bench
