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
      const bool timed = run.counters.empty();
      report_.add({.id = run.run_name.str(),
                   .value = timed ? run.GetAdjustedCPUTime() : run.counters.begin()->second.value,
                   .unit = timed ? benchmark::GetTimeUnitString(run.time_unit)
                                 : run.counters.begin()->first,
                   .floor = {},
                   .ratio = {},
                   .line_rtt_ns = {}});
    }
  }

 private:
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
