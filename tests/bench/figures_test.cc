// The arithmetic of the benchmarks: a figure is what was measured.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bench/support/histogram.h"
#include "bench/support/quartiles.h"
#include "bench/support/report.h"
#include "bench/support/table.h"
#include "tools/lab/temporary_folder.h"
#include "tools/measure/machine.h"

namespace muster::bench {
namespace {

std::vector<std::uint64_t> durations(std::size_t count) {
  std::mt19937_64 dice(7);
  std::lognormal_distribution<double> spread(8, 2);
  std::vector<std::uint64_t> all(count);
  for (std::uint64_t& one : all) one = static_cast<std::uint64_t>(spread(dice));
  return all;
}

/// The least that `share` of them do not exceed.
double exact_percentile(std::vector<std::uint64_t> all, double share) {
  std::sort(all.begin(), all.end());
  const auto rank =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(all.size()) - 1e-6));
  return static_cast<double>(all[std::max<std::size_t>(rank, 1) - 1]);
}

TEST(Histogram, GivesPercentilesToOnePercent) {
  const auto all = durations(100'000);
  Histogram histogram;
  for (const std::uint64_t one : all) histogram.add(one);
  EXPECT_EQ(histogram.samples(), all.size());
  for (const double share : {0.001, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const double exact = exact_percentile(all, share);
    EXPECT_NEAR(histogram.percentile_ns(share).value(), exact, 0.005 * exact + 1e-9) << share;
  }
}

TEST(Histogram, IsExactForShortDurations) {
  Histogram histogram;
  for (std::uint64_t one = 1; one <= 200; ++one) histogram.add(one);
  EXPECT_EQ(histogram.percentile_ns(0.5), 100);
  EXPECT_EQ(histogram.percentile_ns(0.9), 180);
  EXPECT_EQ(histogram.percentile_ns(0.99), 198);
}

TEST(Histogram, DoesNotTellWhatTooFewSamplesCannotTell) {
  Histogram histogram;
  EXPECT_EQ(histogram.percentile_ns(0.5), std::nullopt);
  histogram.add(5, 999);
  EXPECT_EQ(histogram.percentile_ns(0.99), 5);
  EXPECT_EQ(histogram.percentile_ns(0.999), std::nullopt);
  histogram.add(7);
  EXPECT_EQ(histogram.percentile_ns(0.999), 5);
}

TEST(Histogram, CountsWhatIsTooLongAsTheLongest) {
  Histogram histogram;
  histogram.add(UINT64_MAX, 2);
  EXPECT_NEAR(histogram.percentile_ns(0.5).value(), std::exp2(Histogram::bits_max), 5e9);
}

TEST(Histogram, SurvivesBeingWrittenAndReadAgain) {
  Histogram histogram;
  for (const std::uint64_t one : durations(10'000)) histogram.add(one);
  for (unsigned bit = 0; bit < Histogram::bits_max; ++bit) histogram.add(std::uint64_t{1} << bit);
  Histogram again;
  for (const auto& [duration, times] : histogram.buckets()) again.add(duration, times);
  EXPECT_EQ(again.buckets(), histogram.buckets());

  again.add(histogram);
  EXPECT_EQ(again.samples(), 2 * histogram.samples());
  EXPECT_EQ(again.percentile_ns(0.9), histogram.percentile_ns(0.9));
}

TEST(QuartilesOfRounds, LieOnALineBetweenSamples) {
  const Quartiles odd = quartiles({9, 1, 5, 3, 7});
  EXPECT_EQ(odd.low, 3);
  EXPECT_EQ(odd.median, 5);
  EXPECT_EQ(odd.high, 7);
  const Quartiles even = quartiles({4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(even.low, 1.75);
  EXPECT_DOUBLE_EQ(even.median, 2.5);
  EXPECT_DOUBLE_EQ(even.high, 3.25);
  const Quartiles one = quartiles({6});
  EXPECT_EQ(one.low, 6);
  EXPECT_EQ(one.high, 6);
}

TEST(Machine, ReadsTheTimeThatTheHostTook) {
  std::istringstream stat("cpu  10 20 30 400 5 6 7 8 100 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
  const measure::ProcessorTicks ticks = measure::read_ticks(stat);
  EXPECT_EQ(ticks.all, 486U);
  EXPECT_EQ(ticks.stolen, 8U);
  std::istringstream nothing;
  EXPECT_EQ(measure::read_ticks(nothing).all, 0U);
}

TEST(Tables, LeaveOutWhatSaysNothing) {
  Table table({"name", "empty", "value", "note"});
  EXPECT_EQ(table.text(), "");
  table.add({"one", "", "1", ""});
  table.add({"two hundred", "", "200", "so"});
  EXPECT_EQ(table.text(), "name         value  note\none              1\ntwo hundred    200  so\n");
}

Row some_row() {
  Row row{
      .id = "F9.some", .value = 2.5, .unit = "ns", .floor = 2, .ratio = 1.2, .line_rtt_ns = 100};
  row.value_quartiles = Quartiles{2, 2.5, 3};
  row.ratio_quartiles = Quartiles{1.1, 1.2, 1.3};
  row.target = Target{Target::Kind::at_most, 1.5};
  row.machine = measure::MachineState{.load = 0.5, .steal = 0.25};
  row.note = "noted";
  row.histogram = {{10, 3}, {20, 1}};
  return row;
}

TEST(Reports, WriteWhatARowHasAndNullForTheRest) {
  Report report("some");
  report.add(some_row());
  report.add({.id = "bare", .value = {}, .unit = "", .floor = {}, .ratio = {}, .line_rtt_ns = {}});
  const TemporaryFolder folder;
  report.write_json(folder.path() / "report.json");
  const auto json = nlohmann::json::parse(std::ifstream(folder.path() / "report.json"));
  EXPECT_EQ(json["suite"], "some");
  ASSERT_EQ(json["rows"].size(), 2U);
  EXPECT_EQ(json["rows"][0], nlohmann::json::parse(R"({
      "id": "F9.some", "value": 2.5, "unit": "ns", "floor": 2.0, "ratio": 1.2,
      "line_rtt_ns": 100.0, "load": 0.5, "steal": 0.25, "quartiles": [2.0, 3.0],
      "floor_quartiles": null, "ratio_quartiles": [1.1, 1.3], "target": "<= 1.5", "met": true,
      "note": "noted", "histogram": [[10, 3], [20, 1]]})"));
  const auto& bare = json["rows"][1];
  for (const char* key : {"value", "floor", "ratio", "quartiles", "target", "met", "note"}) {
    EXPECT_TRUE(bare.at(key).is_null()) << key;
  }
  EXPECT_TRUE(bare["load"].is_number());
  EXPECT_FALSE(bare.contains("histogram"));
}

TEST(Targets, AreMetOnTheirSide) {
  const Target most{Target::Kind::at_most, 2};
  EXPECT_TRUE(most.met_by(2));
  EXPECT_FALSE(most.met_by(2.1));
  const Target least{Target::Kind::at_least, 0.9};
  EXPECT_TRUE(least.met_by(0.9));
  EXPECT_FALSE(least.met_by(0.89));
}

}  // namespace
}  // namespace muster::bench
