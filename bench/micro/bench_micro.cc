// Costs on one thread, by Google Benchmark, in processor time since others may share the core: the
// median of repetitions, in the report's form. A subject registers its benchmarks in a file of its
// own here; their names are the rows' ids.
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support/options.h"
#include "bench/support/report.h"

namespace muster::bench {
namespace {

/// A benchmark with a counter reports that instead of its time; the counter is named by its unit.
/// One named "floor" is what it is measured against, in the same unit.
class MedianReporter : public benchmark::BenchmarkReporter {
 public:
  explicit MedianReporter(Report& report) : report_(report) {}

  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        throw std::runtime_error(run.benchmark_name() + ": " + run.error_message);
      }
      if (run.aggregate_name != "median") continue;
      report_.add(row_of(run));
    }
  }

 private:
  static Row row_of(const Run& run) {
    Row row{.id = run.run_name.str(),
            .value = run.GetAdjustedCPUTime(),
            .unit = benchmark::GetTimeUnitString(run.time_unit),
            .floor = {},
            .ratio = {},
            .line_rtt_ns = {}};
    for (const auto& [name, counter] : run.counters) {
      if (name == "floor") {
        row.floor = counter.value;
      } else {
        row.value = counter.value;
        row.unit = name;
      }
    }
    if (row.floor) row.ratio = *row.value / *row.floor;
    return row;
  }

  Report& report_;
};

void run(const Options& options) {
  std::string program = "bench_micro";
  std::string repetitions = "--benchmark_repetitions=" + std::string(options.quick ? "3" : "9");
  std::string seconds = "--benchmark_min_time=" + std::string(options.quick ? "0.002" : "0.05");
  std::array<char*, 3> arguments{program.data(), repetitions.data(), seconds.data()};
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());

  Report report("micro");
  MedianReporter reporter(report);
  benchmark::RunSpecifiedBenchmarks(&reporter);
  report.publish(options);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::run_suite(argc, argv, "What single operations cost on one thread.",
                                  muster::bench::run);
}
