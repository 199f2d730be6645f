// What the kernel tells in small text files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// Files below a root: the machine's own, or a tree that a test has made.
class FileTree {
 public:
  explicit FileTree(std::filesystem::path root = "/") : root_(std::move(root)) {}

  /// Without the newline at its end; nothing where it cannot be read.
  std::optional<std::string> text(const std::string& path) const;
  /// The number that it begins with, "2048" or "0x1003"; nothing where there is none.
  std::optional<std::uint64_t> number(const std::string& path) const;
  /// What is in a folder, sorted; nothing where there is no such folder.
  std::vector<std::string> names(const std::string& folder) const;
  /// Where that is, for what is not read here.
  std::filesystem::path path(const std::string& path) const { return root_ / path; }

 private:
  std::filesystem::path root_;
};

/// "hugepages-2048kB", as the kernel calls the folder of a size of pages; 0: it is another folder.
std::uint64_t huge_page_bytes(std::string_view folder);

/// "0,2-4" -> 0, 2, 3, 4: how the kernel writes sets of processors. Stops at what is no number.
std::vector<int> numbers_in(const std::string& list);

}  // namespace muster
