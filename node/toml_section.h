// Reads one table of a TOML file field by field, and keeps account of what is wrong and where.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "cluster/types.h"
#include "node/config_ranges.h"

namespace muster {

/// What was found wrong in a file so far, and on which line each field stands.
class FileReport {
 public:
  using Line = toml::source_index;

  /// Only the first mistake of a field is kept: the others follow from it.
  void wrong(const std::string& field, Line line, std::string text);
  void stands(const std::string& field, Line line) { lines_[field] = line; }
  /// The line of a field, or of the innermost table that is there and would hold it.
  Line line_of(std::string_view field) const;

  /// One line for each mistake, in the order of the file.
  std::string text(std::string_view file) const;
  bool clean() const { return mistakes_.empty(); }

 private:
  struct Mistake {
    Line line;
    std::string field;
    std::string text;
  };
  std::map<std::string, Line, std::less<>> lines_;
  std::vector<Mistake> mistakes_;  ///< in the order of their lines
};

/// A value is written to `out` when the key is there and its value is of the right type; whether it
/// makes sense is for find_mistakes().
class TomlSection {
 public:
  /// `prefix` names the table in the report: "", "timers.".
  TomlSection(const toml::table& table, std::string prefix, FileReport& report)
      : table_(table), prefix_(std::move(prefix)), report_(report) {}

  void text(std::string_view key, std::string& out);
  void texts(std::string_view key, std::vector<std::string>& out);
  void texts(std::string_view key, std::map<std::string, std::string>& out);
  void flag(std::string_view key, bool& out);
  void duration(std::string_view key, DurationNs& out);
  template <std::unsigned_integral T>
  bool number(std::string_view key, T& out) {
    std::uint64_t value = 0;
    if (!integer(key, std::numeric_limits<T>::max(), value)) return false;
    out = static_cast<T>(value);
    return true;
  }
  template <std::unsigned_integral T>
  void number(std::string_view key, std::optional<T>& out) {
    T value = 0;
    if (number(key, value)) out = value;
  }
  /// A list, or the only one of it without brackets.
  void numbers(std::string_view key, std::vector<std::uint32_t>& out);
  template <class E>
  void choice(std::string_view key, E& out,
              std::initializer_list<std::pair<std::string_view, E>> choices) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) names.push_back(name);
    if (const auto chosen = one_of(key, names)) out = (choices.begin() + *chosen)->second;
  }
  /// nullptr where there is none.
  const toml::table* table(std::string_view key);
  std::vector<const toml::table*> tables(std::string_view key);

  /// To be called last: reports every key that nobody asked for.
  void refuse_the_rest();

 private:
  const toml::node* find(std::string_view key);
  void wrong(std::string_view key, const toml::node& node, std::string text);
  bool integer(std::string_view key, std::uint64_t max, std::uint64_t& out);
  std::optional<std::uint64_t> whole(std::string_view key, const toml::node& node,
                                     std::uint64_t max);
  std::optional<std::size_t> one_of(std::string_view key, std::span<const std::string_view> names);

  const toml::table& table_;
  const std::string prefix_;
  FileReport& report_;
  std::vector<std::string> known_;
};

}  // namespace muster
