// What a benchmark has to say: a table to read, and a file to keep.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/support/options.h"
#include "bench/support/quartiles.h"
#include "tools/measure/machine.h"

namespace muster::bench {

/// What a ratio is to be.
struct Target {
  enum class Kind : std::uint8_t { at_least, at_most };
  Kind kind = Kind::at_least;
  double ratio = 0;

  bool met_by(double measured) const {
    return kind == Kind::at_least ? measured >= ratio : measured <= ratio;
  }
};

struct Row {
  std::string id;  ///< begins with the target it speaks of, where there is one: "F4.spsc_hop"
  std::optional<double> value;  ///< none where it could not be measured: `note` says why
  std::string unit;
  std::optional<double> floor;        ///< what `value` is measured against, in the same unit
  std::optional<double> ratio;        ///< to the floor; by rounds, so not quite value / floor
  std::optional<double> line_rtt_ns;  ///< of the same moment, for figures across threads

  // Over rounds; their medians are the figures above.
  std::optional<Quartiles> value_quartiles = {};
  std::optional<Quartiles> floor_quartiles = {};
  std::optional<Quartiles> ratio_quartiles = {};
  std::optional<Target> target = {};
  std::optional<measure::MachineState> machine =
      {};                 ///< while it was measured; none: when it is added
  std::string note = {};  ///< what must be known to read it
  /// How often which value was seen, over all rounds.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> histogram = {};
};

class Report {
 public:
  explicit Report(std::string suite);

  void add(Row row);

  enum class Which : std::uint8_t { all, with_target };
  void print(Which which = Which::all) const;
  /// {"suite", "rows": [{"id", "value", "unit", "floor", "ratio", "line_rtt_ns", "load", "steal",
  /// "quartiles", "floor_quartiles", "ratio_quartiles", "target", "met", "note"}]}, null for what
  /// a row does not have. Quartiles are [first, third], a target ">= 2", and "histogram" is there
  /// where there is one, as [[value, times]]. Throws std::runtime_error where `path` cannot be
  /// written.
  void write_json(const std::string& path) const;
  /// Prints, and writes the file that the options ask for.
  void publish(const Options& options, Which printed = Which::all) const;

 private:
  std::string suite_;
  std::vector<Row> rows_;
};

}  // namespace muster::bench
