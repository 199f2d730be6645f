// What a fuzzer demands: it aborts, also where assertions are compiled out.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace muster::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace muster::fuzz
