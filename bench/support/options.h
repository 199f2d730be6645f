// The command line that all benchmarks share, and how they end.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace muster::bench {

struct Options {
  std::string json;    ///< file to write the report to; none if empty
  bool quick = false;  ///< fewer rounds: to see that it runs, not to believe the figures
};

/// A benchmark's main(): reads the command line, runs, and turns an exception into a sentence on
/// standard error. `footer` is what --help says besides the options, `add_more` adds options of
/// this suite alone. Returns the exit status.
int run_suite(
    int argc, char** argv, const std::string& description,
    const std::function<void(const Options&)>& run, const std::string& footer = {},
    const std::function<void(CLI::App&)>& add_more = [](CLI::App&) {});

}  // namespace muster::bench
