// The results as rows of the report, and as tables to read.
#pragma once

#include <string>

#include "bench/messaging/results.h"
#include "bench/support/report.h"

namespace muster::bench {

// All but the targets' empty where nothing is known.
std::string path_table(const Results& results);
std::string ping_table(const Results& results);
std::string rate_table(const Results& results);
std::string load_table(const Results& results);

/// First the targets, F1 to F3 and others, then a row for each figure there is.
void add_rows(Report& report, const Results& results);

}  // namespace muster::bench
