#include "bench/scale/rows.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace muster::bench {
namespace {

struct Figure {
  std::string what;
  std::string unit;
  std::optional<double> value;  ///< none where nothing was missed, so that nothing was repaired
  std::optional<double> theirs{};
};

void add_catch_up(std::vector<Figure>& figures, const char* what, std::string_view loss,
                  const RepairCost& ours, const RepairCost& theirs) {
  const bool repaired = ours.missed() > 0 && theirs.missed() > 0;
  const auto add = [&](const char* whose, const char* unit, double (RepairCost::*cost)() const) {
    Figure figure{fmt::format("{}.{}.{}", what, whose, loss), unit, {}, {}};
    if (repaired) figure.value = (ours.*cost)();
    if (repaired) figure.theirs = (theirs.*cost)();
    figures.push_back(std::move(figure));
  };
  add("requester", "1/miss", &RepairCost::requester_per_miss);
  add("owner", "1/change", &RepairCost::owner_per_change);
  add("bystander", "1/change", &RepairCost::bystander_per_change);
}

std::vector<Figure> figures_of(const Figures& of) {
  std::vector<Figure> figures{
      {"rest.packets_sent", "1/s", of.rest.packets_sent},
      {"rest.packets_received", "1/s", of.rest.packets_received},
      {"rest.bytes_sent", "B/s", of.rest.bytes_sent},
      {"rest.bytes_received", "B/s", of.rest.bytes_received},
      {"rest.cpu", "us/s", of.rest.cpu_us},
      {"change.median", "ms", of.change.median_ms},
      {"change.worst", "ms", of.change.worst_ms},
      {"change_at_1%_loss.median", "ms", of.change_at_loss.median_ms},
      {"change_at_1%_loss.worst", "ms", of.change_at_loss.worst_ms},
      {"detection.median", "ms", of.detection.median_ms},
      {"detection.worst", "ms", of.detection.worst_ms},
      {"join_one", "ms", of.join_one_ms},
      {"mass_join", "ms", of.mass_join_ms},
      {"mass_join.over_budget", "requests", of.mass_join_over_budget},
      {"cut_off", "ms", of.cut_off_ms},
      {"cut_off.begun_anew", "members", of.cut_off_begun_anew},
      {"mass_crash", "ms", of.mass_crash_ms},
      {"deaths_of_the_living", "members", of.deaths_of_the_living},
  };
  for (std::size_t i = 0; i < loss_cases.size(); ++i) {
    const auto& [ours, alone, theirs] = of.catch_up[i];
    add_catch_up(figures, "catch_up", loss_cases[i].name, ours, theirs);
    add_catch_up(figures, "catch_up_alone", loss_cases[i].name, alone, theirs);
  }
  return figures;
}

std::string text_of(double value) {
  if (value == 0) return "0";
  return fmt::format("{:.{}f}", value, value < 0.1 ? 4 : value < 10 ? 2 : value < 1000 ? 1 : 0);
}

std::string text_of(const Figure& figure) {
  if (!figure.value) return "-";
  if (!figure.theirs) return text_of(*figure.value);
  return text_of(*figure.value) + " : " + text_of(*figure.theirs);
}

}  // namespace

std::vector<Row> rows_of(const Figures& figures) {
  std::vector<Row> rows;
  for (Figure& figure : figures_of(figures)) {
    if (!figure.value) continue;
    Row row{.id = fmt::format("F7.{}.{}", figure.what, figures.members),
            .value = *figure.value,
            .unit = std::move(figure.unit),
            .floor = figure.theirs,
            .ratio = {},
            .line_rtt_ns = {}};
    if (figure.theirs && *figure.theirs > 0) row.ratio = *row.value / *figure.theirs;
    rows.push_back(std::move(row));
  }
  return rows;
}

void print_table(std::span<const Figures> all) {
  std::vector<std::vector<Figure>> columns;
  for (const Figures& of : all) columns.push_back(figures_of(of));
  if (columns.empty()) return;
  constexpr int name_width = 34;
  constexpr int width = 16;
  fmt::print("{:<{}} {:<9}", "members", name_width, "unit");
  for (const Figures& of : all) fmt::print("{:>{}}", of.members, width);
  fmt::print("\n");
  for (std::size_t line = 0; line < columns.front().size(); ++line) {
    const Figure& first = columns.front()[line];
    fmt::print("{:<{}} {:<9}", first.what, name_width, first.unit);
    for (const auto& column : columns) fmt::print("{:>{}}", text_of(column[line]), width);
    fmt::print("\n");
  }
}

}  // namespace muster::bench
