// Text in columns.
#pragma once

#include <string>
#include <vector>

namespace muster::bench {

/// The first column and the last, for remarks, stand at the left, the others at the right.
class Table {
 public:
  explicit Table(std::vector<std::string> titles);
  /// As many cells as there are titles.
  void add(std::vector<std::string> cells);
  /// Columns without a cell that says anything are left out; so is a table without rows.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;  ///< the titles first
};

}  // namespace muster::bench
