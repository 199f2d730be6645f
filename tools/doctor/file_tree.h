// What the kernel tells in small text files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace muster::doctor {

/// Files below a root: the machine's own, or a tree that a test has made.
class FileTree {
 public:
  explicit FileTree(std::filesystem::path root = "/") : root_(std::move(root)) {}

  /// Without the newline at its end; nothing where it cannot be read.
  std::optional<std::string> text(const std::string& path) const;
  /// Its first number; nothing where there is none.
  std::optional<std::uint64_t> number(const std::string& path) const;
  /// What is in a folder, sorted; nothing where there is no such folder.
  std::vector<std::string> names(const std::string& folder) const;

 private:
  std::filesystem::path root_;
};

/// "0,2-4" -> 0, 2, 3, 4: how the kernel writes sets of processors. Stops at what is no number.
std::vector<int> numbers_in(const std::string& list);

}  // namespace muster::doctor
