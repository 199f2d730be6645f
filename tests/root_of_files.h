// A machine made of files.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "interfaces/file_tree.h"
#include "tools/lab/temporary_folder.h"

namespace muster {

class RootOfFiles {
 public:
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = folder_.path() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << '\n';
  }
  FileTree files() const { return FileTree(folder_.path()); }

 private:
  TemporaryFolder folder_;
};

}  // namespace muster
