#include "bench/support/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include <fmt/core.h>

namespace muster::bench {

int run_suite(int argc, char** argv, const std::string& description,
              const std::function<void(const Options&)>& run, const std::string& footer,
              const std::function<void(CLI::App&)>& add_more) {
  Options options;
  CLI::App app(description);
  app.footer(footer);
  app.add_option("--json", options.json, "also write the report to this file");
  app.add_flag("--quick", options.quick, "fewer rounds: to see that it runs");
  add_more(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& said) {
    return app.exit(said) == 0 ? 0 : 2;
  }
  try {
    run(options);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return 1;
  }
}

}  // namespace muster::bench
