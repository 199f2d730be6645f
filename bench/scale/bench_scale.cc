// What each mechanism costs as the cluster grows, in virtual time.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/scale/measure.h"
#include "bench/scale/rows.h"
#include "bench/support/options.h"

namespace muster::bench {
namespace {

std::vector<std::size_t> sizes_of(const Options& options) {
  std::vector<std::size_t> sizes{3, 10, 30, 100};
  if (!options.quick) sizes.insert(sizes.end(), {300, 1000});
  return sizes;
}

void run(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Figures> all;
  Report report("scale");
  for (const std::size_t members : sizes_of(options)) {
    all.push_back(measure(members, {}, [&](const std::string& what) {
      const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
      fmt::print(stderr, "{:6.1f} s: {} members: {}\n", spent.count(), members, what);
    }));
    for (Row& row : rows_of(all.back())) report.add(std::move(row));
    // The largest takes the longest: whoever stops it keeps the others.
    if (!options.json.empty()) report.write_json(options.json);
  }
  print_table(all);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::run_suite(
      argc, argv, "What each mechanism costs as the cluster grows, simulated in virtual time.",
      muster::bench::run);
}
