#include "bench/messaging/results.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace muster::bench {

namespace {

std::optional<double> figure_of(const Leg& leg, const std::string& name) {
  const auto found = leg.figures.find(name);
  if (found == leg.figures.end()) return std::nullopt;
  return found->second;
}

std::optional<Quartiles> quartiles_if_any(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return quartiles(values);
}

}  // namespace

void Results::add(const std::string& task, std::size_t round, Leg leg) {
  legs_[task].insert_or_assign(round, std::move(leg));
}

void Results::note(const std::string& task, const std::string& why) {
  std::string& notes = notes_[task];
  if (notes.find(why) != std::string::npos) return;
  notes += notes.empty() ? why : "; " + why;
}

const Results::Legs& Results::legs(const std::string& task) const {
  static const Legs none;
  const auto found = legs_.find(task);
  return found == legs_.end() ? none : found->second;
}

bool Results::knows(const std::string& task) const {
  return legs_.contains(task) || notes_.contains(task);
}

std::string Results::note_of(const std::string& task) const {
  const auto found = notes_.find(task);
  return found == notes_.end() ? "" : found->second;
}

std::optional<Quartiles> Results::over_rounds(const FigureId& id) const {
  std::vector<double> values;
  for (const auto& [round, leg] : legs(id.task)) {
    const auto value = figure_of(leg, id.figure);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return quartiles_if_any(values);
}

std::optional<Quartiles> Results::ratio(const FigureId& over, const FigureId& under) const {
  std::vector<double> ratios;
  const Legs& floors = legs(under.task);
  for (const auto& [round, leg] : legs(over.task)) {
    const auto floor_leg = floors.find(round);
    if (floor_leg == floors.end()) continue;
    const auto value = figure_of(leg, over.figure);
    const auto floor = figure_of(floor_leg->second, under.figure);
    if (!value || !floor || *floor == 0) return std::nullopt;
    ratios.push_back(*value / *floor);
  }
  return quartiles_if_any(ratios);
}

Histogram Results::times(const std::string& task) const {
  Histogram all;
  for (const auto& [round, leg] : legs(task)) all.add(leg.times);
  return all;
}

Row Results::row(const FigureId& id, const std::string& row_id) const {
  std::vector<double> lines;
  measure::MachineState busiest;
  for (const auto& [round, leg] : legs(id.task)) {
    lines.push_back(leg.line_ns);
    busiest.load = std::max(busiest.load, leg.machine.load);
    busiest.steal = std::max(busiest.steal, leg.machine.steal);
  }
  const auto spread = over_rounds(id);
  Row row{.id = row_id,
          .value = spread ? std::optional(spread->median) : std::nullopt,
          .unit = unit_of(id.figure),
          .floor = {},
          .ratio = {},
          .line_rtt_ns = lines.empty() ? std::nullopt : std::optional(quartiles(lines).median)};
  row.value_quartiles = spread;
  row.machine = busiest;
  row.note = note_of(id.task);
  return row;
}

Row Results::row(const FigureId& id, const FigureId& floor, const std::string& row_id) const {
  Row row = this->row(id, row_id);
  row.floor_quartiles = over_rounds(floor);
  if (row.floor_quartiles) row.floor = row.floor_quartiles->median;
  row.ratio_quartiles = ratio(id, floor);
  if (row.ratio_quartiles) row.ratio = row.ratio_quartiles->median;
  if (row.note.empty()) row.note = note_of(floor.task);
  return row;
}

}  // namespace muster::bench
