// What a benchmark has to say: a table to read, and a file to keep.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/support/options.h"

namespace muster::bench {

struct Row {
  std::string id;  ///< begins with the target it speaks of, where there is one: "F4.spsc_hop"
  double value = 0;
  std::string unit;
  std::optional<double> floor;        ///< what `value` is measured against, in the same unit
  std::optional<double> ratio;        ///< to the floor; by rounds, so not quite value / floor
  std::optional<double> line_rtt_ns;  ///< of the same moment, for figures across threads
};

class Report {
 public:
  explicit Report(std::string suite);

  /// Notes the machine's load as well.
  void add(Row row);

  void print() const;
  /// {"suite", "rows": [{"id", "value", "unit", "floor", "ratio", "line_rtt_ns", "load"}]}, null
  /// for what a row does not have. Throws std::runtime_error where `path` cannot be written.
  void write_json(const std::string& path) const;
  /// Prints, and writes the file that the options ask for.
  void publish(const Options& options) const;

 private:
  struct Entry {
    Row row;
    double load;
  };
  std::string suite_;
  std::vector<Entry> entries_;
};

}  // namespace muster::bench
