#include "bench/support/report.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <fmt/format.h>

#include "bench/support/table.h"

namespace muster::bench {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json json_of(const std::optional<Quartiles>& spread) {
  return spread ? Json{spread->low, spread->high} : Json();
}

std::string text_of(const Target& target) {
  return fmt::format("{} {}", target.kind == Target::Kind::at_least ? ">=" : "<=", target.ratio);
}

std::string cell(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "";
}

std::string cell(const std::optional<Quartiles>& spread, int digits) {
  return spread ? fmt::format("{:.{}f}..{:.{}f}", spread->low, digits, spread->high, digits) : "";
}

int digits_of(double value) { return value < 10 ? 2 : value < 1000 ? 1 : 0; }

std::string verdict(const Row& row) {
  if (!row.target || !row.ratio) return "";
  return row.target->met_by(*row.ratio) ? "met" : "missed";
}

Json json_of(const Row& row) {
  Json json{{"id", row.id},
            {"value", json_of(row.value)},
            {"unit", row.unit},
            {"floor", json_of(row.floor)},
            {"ratio", json_of(row.ratio)},
            {"line_rtt_ns", json_of(row.line_rtt_ns)},
            {"load", row.machine->load},
            {"steal", row.machine->steal},
            {"quartiles", json_of(row.value_quartiles)},
            {"floor_quartiles", json_of(row.floor_quartiles)},
            {"ratio_quartiles", json_of(row.ratio_quartiles)},
            {"target", row.target ? Json(text_of(*row.target)) : Json()},
            {"met", verdict(row).empty() ? Json() : Json(verdict(row) == "met")},
            {"note", row.note.empty() ? Json() : Json(row.note)}};
  if (!row.histogram.empty()) json["histogram"] = row.histogram;
  return json;
}

}  // namespace

Report::Report(std::string suite) : suite_(std::move(suite)) {}

void Report::add(Row row) {
  if (!row.machine) row.machine = measure::MachineWatch().state();
  rows_.push_back(std::move(row));
}

void Report::print(Which which) const {
  Table table({suite_, "value", "unit", "quartiles", "floor", "ratio", "quartiles", "target", "",
               "line rtt ns", "load", "steal", "note"});
  for (const Row& row : rows_) {
    if (which == Which::with_target && !row.target) continue;
    const int digits = digits_of(row.value.value_or(row.floor.value_or(0)));
    table.add({row.id, row.value ? cell(row.value, digits) : "-", row.unit,
               cell(row.value_quartiles, digits), cell(row.floor, digits), cell(row.ratio, 2),
               cell(row.ratio_quartiles, 2), row.target ? text_of(*row.target) : "", verdict(row),
               cell(row.line_rtt_ns, 0), cell(row.machine->load, 2),
               row.machine->steal > 0 ? fmt::format("{:.1f} %", 100 * row.machine->steal) : "",
               row.note});
  }
  std::fputs(table.text().c_str(), stdout);
}

void Report::write_json(const std::string& path) const {
  Json rows = Json::array();
  for (const Row& row : rows_) rows.push_back(json_of(row));
  std::ofstream file(path);
  file << Json{{"suite", suite_}, {"rows", rows}}.dump(2) << '\n';
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + path + ": give --json a file in a writable folder");
  }
}

void Report::publish(const Options& options, Which printed) const {
  print(printed);
  if (!options.json.empty()) write_json(options.json);
}

}  // namespace muster::bench
