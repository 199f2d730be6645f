#include "interfaces/file_tree.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <sstream>
#include <system_error>

namespace muster {

std::optional<std::string> FileTree::text(const std::string& path) const {
  std::ifstream file(root_ / path);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::optional<std::uint64_t> FileTree::number(const std::string& path) const {
  std::uint64_t number = 0;
  std::ifstream file(root_ / path);
  if (!(file >> std::setbase(0) >> number)) return std::nullopt;
  return number;
}

std::vector<std::string> FileTree::names(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root_ / folder, error))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::uint64_t huge_page_bytes(std::string_view folder) {
  constexpr std::string_view prefix = "hugepages-";
  std::uint64_t size_kb = 0;
  if (folder.starts_with(prefix))
    std::from_chars(folder.data() + prefix.size(), folder.data() + folder.size(), size_kb);
  return size_kb << 10;
}

std::vector<int> numbers_in(const std::string& list) {
  std::vector<int> numbers;
  std::istringstream ranges(list);
  for (std::string range; std::getline(ranges, range, ',');) {
    int first = 0;
    const char* const end = range.data() + range.size();
    auto [rest, error] = std::from_chars(range.data(), end, first);
    if (error != std::errc()) break;
    int last = first;
    if (rest != end && *rest == '-') std::from_chars(rest + 1, end, last);
    for (int number = first; number <= last; ++number) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace muster
