// A folder for processes to meet in, or for what a test writes.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "cluster/errors.h"

namespace muster {

/// Gone, with all that lies there, when it is destroyed.
class TemporaryFolder {
 public:
  /// Throws StartError where there is no place for one.
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "muster-folder-XXXXXX";
    if (mkdtemp(name.data()) == nullptr)
      throw StartError("cannot make the folder " + name + ": " + std::strerror(errno) +
                       "; set TMPDIR to one that you may write");
    path_ = std::move(name);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// It stays, after all.
  void keep() { kept_ = true; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

}  // namespace muster
