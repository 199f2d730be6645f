// The figures of all sizes as a table to read, and as rows to keep.
#pragma once

#include <span>
#include <vector>

#include "bench/scale/figures.h"
#include "bench/support/report.h"

namespace muster::bench {

/// "F7.<what>.<members>". Of catch-up the older way is the floor, and the ratio ours to theirs;
/// there is no ratio where theirs is 0, and no row where nothing was missed.
std::vector<Row> rows_of(const Figures& figures);

/// A line for each figure, a column for each size; "ours : theirs" where there are two.
void print_table(std::span<const Figures> all);

}  // namespace muster::bench
