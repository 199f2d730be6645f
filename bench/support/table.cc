#include "bench/support/table.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace muster::bench {

Table::Table(std::vector<std::string> titles) { rows_.push_back(std::move(titles)); }

void Table::add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::string Table::text() const {
  if (rows_.size() == 1) return {};
  std::vector<std::size_t> widths(rows_[0].size(), 0);
  for (std::size_t column = 0; column < widths.size(); ++column) {
    const auto says_something = [column](const auto& row) { return !row[column].empty(); };
    if (std::none_of(rows_.begin() + 1, rows_.end(), says_something)) continue;
    for (const auto& row : rows_) widths[column] = std::max(widths[column], row[column].size());
  }
  const std::size_t last = widths.size() - 1;
  std::string text;
  for (const auto& row : rows_) {
    std::string line = fmt::format("{:<{}}", row[0], widths[0]);
    for (std::size_t column = 1; column < last; ++column) {
      if (widths[column] > 0) line += fmt::format("  {:>{}}", row[column], widths[column]);
    }
    if (last > 0 && widths[last] > 0) line += "  " + row[last];
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace muster::bench
