#include "bench/messaging/rows.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "bench/messaging/campaign.h"
#include "bench/messaging/ways.h"
#include "bench/support/table.h"

namespace muster::bench {

namespace {

constexpr std::string_view figures_of_all[] = {
    "p50",      "p90",  "p99",    "p99.9", "p99.99", "messages", "bytes", "offered", "sender",
    "receiver", "lost", "single", "burst", "idle",   "least",    "most",  "others"};

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& some : {ways(), switched_ways()}) {
    for (const Way& way : some) all.emplace_back(way.name);
  }
  all.emplace_back("sockperf");
  return all;
}

/// The tasks of a phase, in the order in which they are read.
std::vector<std::string> tasks(std::string_view phase) {
  std::vector<std::string> all;
  for (const std::string& way : names()) {
    all.push_back(turn_name(phase, way));
    if (phase == "crowd") {
      all.push_back(task_name(phase, way, crowd_size));
    } else if (phase == "path") {
      for (const Size& size : path_sizes) all.push_back(task_name(phase, way, size));
    } else if (phase == "ping") {
      for (const Size& size : ping_sizes) all.push_back(task_name(phase, way, size));
    } else if (phase == "rate") {
      for (const Size& size : rate_sizes) all.push_back(task_name(phase, way, size));
      all.push_back(task_name(phase, way, small_frame));
    } else {
      for (const Size& size : load_sizes) {
        for (const int percent : load_percents) all.push_back(load_name(way, size, percent));
      }
    }
  }
  return all;
}

struct Column {
  std::string_view title;
  std::string_view figure;
  double unit;
};

std::string number(double value) {
  return fmt::format("{:.{}f}", value, value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
}

std::string cell(const std::optional<Quartiles>& spread, const Column& column) {
  if (!spread) return "";
  return number(spread->median / column.unit);
}

std::string table_of(const Results& results, std::string_view phase,
                     const std::vector<Column>& columns) {
  std::vector<std::string> titles{std::string(phase)};
  for (const Column& column : columns) titles.emplace_back(column.title);
  titles.insert(titles.end(), {"quartiles", "line ns", "load", "steal %", "note"});
  Table table(titles);
  for (const std::string& task : tasks(phase)) {
    if (!results.knows(task)) continue;
    std::vector<std::string> cells{task.substr(phase.size() + 1)};
    for (const Column& column : columns) {
      cells.push_back(cell(results.over_rounds({task, std::string(column.figure)}), column));
    }
    const Column& first = columns[0];
    const Row row = results.row({task, std::string(first.figure)}, task);
    const auto& spread = row.value_quartiles;
    cells.push_back(
        spread ? number(spread->low / first.unit) + ".." + number(spread->high / first.unit) : "");
    const bool measured = spread.has_value();
    cells.push_back(measured ? fmt::format("{:.0f}", *row.line_rtt_ns) : "");
    cells.push_back(measured ? fmt::format("{:.1f}", row.machine->load) : "");
    cells.push_back(
        measured && row.machine->steal > 0 ? fmt::format("{:.1f}", 100 * row.machine->steal) : "");
    cells.push_back(row.note);
    table.add(cells);
  }
  return table.text();
}

const std::vector<Column> percentile_columns{{"p50 us", "p50", 1e3},    {"p90", "p90", 1e3},
                                             {"p99", "p99", 1e3},       {"p99.9", "p99.9", 1e3},
                                             {"p99.99", "p99.99", 1e3}, {"lost %", "lost", 1e-2}};

constexpr Target at_most(double ratio) { return {Target::Kind::at_most, ratio}; }
constexpr Target at_least(double ratio) { return {Target::Kind::at_least, ratio}; }

void add_targets(Report& report, const Results& results) {
  struct Wanted {
    std::string id;
    FigureId figure;
    FigureId floor;
    Target target;
  };
  const auto ping = [](std::string_view way) { return task_name("ping", way, ping_sizes[1]); };
  const auto rate = [](std::string_view way, std::string_view size) {
    return fmt::format("rate.{}.{}", way, size);
  };
  const std::string packet(packet_size.name);
  const std::string small(small_frame.name);
  const std::vector<Wanted> all{
      {"F1.p50", {ping("inline"), "p50"}, {ping("bare"), "p50"}, at_most(1.5)},
      {"F1.p99", {ping("inline"), "p99"}, {ping("bare"), "p99"}, at_most(2)},
      {"F2.full_packet",
       {rate("inline", packet), "messages"},
       {rate("bare", packet), "messages"},
       at_least(0.9)},
      {"F2.small",
       {rate("inline", "64"), "messages"},
       {rate("bare", small), "messages"},
       at_least(2)},
      {"F3.round_trip", {ping("sockets"), "p50"}, {ping("inline"), "p50"}, at_least(10)},
      {"F3.rate",
       {rate("inline", "64"), "messages"},
       {rate("sockets", "64"), "messages"},
       at_least(10)},
      {"large.1m",
       {rate("inline", "1MiB"), "bytes"},
       {rate("bare", packet), "bytes"},
       at_least(0.8)},
      {"loss.rate.64",
       {rate("switch_1%_loss", "64"), "messages"},
       {rate("switch", "64"), "messages"},
       at_least(0.6)},
      {"loss.rate.packet",
       {rate("switch_1%_loss", packet), "messages"},
       {rate("switch", packet), "messages"},
       at_least(0.6)},
      {"loss.rate.64KiB",
       {rate("switch_1%_loss", "64KiB"), "bytes"},
       {rate("switch", "64KiB"), "bytes"},
       at_least(0.6)},
  };
  for (const auto& [figure, target] :
       {std::pair("least", at_least(0.8)), std::pair("most", at_most(1.2)),
        std::pair("others", at_least(0.8))}) {
    const std::string task = task_name("crowd", "inline", crowd_size);
    Row row = results.row({task, figure}, fmt::format("crowd.{}", figure));
    row.ratio = row.value;
    row.target = target;
    report.add(row);
  }
  for (const Wanted& wanted : all) {
    Row row = results.row(wanted.figure, wanted.floor, wanted.id);
    row.target = wanted.target;
    report.add(row);
  }
}

}  // namespace

std::string path_table(const Results& results) {
  return table_of(results, "path",
                  {{"single ns", "single", 1}, {"burst ns", "burst", 1}, {"idle ns", "idle", 1}});
}

std::string ping_table(const Results& results) {
  return table_of(results, "ping", percentile_columns);
}

std::string rate_table(const Results& results) {
  return table_of(results, "rate",
                  {{"k messages/s", "messages", 1e3},
                   {"MB/s", "bytes", 1e6},
                   {"sender ns", "sender", 1},
                   {"receiver ns", "receiver", 1},
                   {"lost %", "lost", 1e-2}});
}

std::string load_table(const Results& results) {
  std::vector<Column> columns = percentile_columns;
  columns.push_back({"k offered/s", "offered", 1e3});
  return table_of(results, "load", columns);
}

void add_rows(Report& report, const Results& results) {
  add_targets(report, results);
  for (const std::string_view phase : {"path", "ping", "rate", "load", "crowd"}) {
    for (const std::string& task : tasks(phase)) {
      bool measured = false;
      for (const std::string_view figure : figures_of_all) {
        const FigureId id{task, std::string(figure)};
        if (!results.over_rounds(id)) continue;
        Row row = results.row(id, fmt::format("{}.{}", task, figure));
        if (phase == "ping" && figure == "p50") row.histogram = results.times(task).buckets();
        report.add(row);
        measured = true;
      }
      if (!measured && results.knows(task)) report.add(results.row({task, ""}, task));
    }
  }
}

}  // namespace muster::bench
