#include "bench/support/report.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace muster::bench {

namespace {

/// Runnable threads, averaged over the last minute.
double machine_load() {
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  return load;
}

nlohmann::ordered_json or_null(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

std::string cell(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

int digits_of(double value) { return value < 10 ? 2 : value < 1000 ? 1 : 0; }

}  // namespace

Report::Report(std::string suite) : suite_(std::move(suite)) {}

void Report::add(Row row) { entries_.push_back({std::move(row), machine_load()}); }

void Report::print() const {
  std::size_t id_width = suite_.size();
  for (const Entry& entry : entries_) id_width = std::max(id_width, entry.row.id.size());
  fmt::print("{:<{}}  {:>12} {:<9} {:>10} {:>7} {:>12} {:>6}\n", suite_, id_width, "value", "unit",
             "floor", "ratio", "line rtt ns", "load");
  for (const auto& [row, load] : entries_) {
    const int digits = digits_of(row.value);
    fmt::print("{:<{}}  {:>12.{}f} {:<9} {:>10} {:>7} {:>12} {:>6.2f}\n", row.id, id_width,
               row.value, digits, row.unit, cell(row.floor, digits), cell(row.ratio, 2),
               cell(row.line_rtt_ns, 0), load);
  }
}

void Report::write_json(const std::string& path) const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& [row, load] : entries_) {
    rows.push_back({{"id", row.id},
                    {"value", row.value},
                    {"unit", row.unit},
                    {"floor", or_null(row.floor)},
                    {"ratio", or_null(row.ratio)},
                    {"line_rtt_ns", or_null(row.line_rtt_ns)},
                    {"load", load}});
  }
  std::ofstream file(path);
  file << nlohmann::ordered_json({{"suite", suite_}, {"rows", rows}}).dump(2) << '\n';
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + path + ": give --json a file in a writable folder");
  }
}

void Report::publish(const Options& options) const {
  print();
  if (!options.json.empty()) write_json(options.json);
}

}  // namespace muster::bench
