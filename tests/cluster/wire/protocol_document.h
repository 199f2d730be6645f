// The blocks of docs/protocol.md that tests read.
#pragma once

#include <cstddef>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace muster::test {

/// Lines of the document's blocks ```KIND NAME, by name ("" where a block has none).
inline std::map<std::string, std::vector<std::string>> blocks(const std::string& kind) {
  std::map<std::string, std::vector<std::string>> found;
  std::ifstream document(MUSTER_PROTOCOL_DOCUMENT);
  std::vector<std::string>* block = nullptr;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("```" + kind))
      block = &found[line.substr(std::min(line.size(), kind.size() + 4))];
    else if (line.starts_with("```"))
      block = nullptr;
    else if (block != nullptr)
      block->push_back(line);
  }
  return found;
}

/// The first word of each line is hexadecimal digits; the rest is meaning.
inline std::vector<std::byte> bytes_of(const std::vector<std::string>& lines) {
  std::vector<std::byte> bytes;
  for (const std::string& line : lines) {
    const std::string digits = line.substr(0, line.find(' '));
    for (std::size_t at = 0; at + 1 < digits.size(); at += 2)
      bytes.push_back(static_cast<std::byte>(std::stoi(digits.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace muster::test
