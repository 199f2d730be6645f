// Two members in processes of their own.
#pragma once

#include "bench/idle/member.h"

namespace muster::bench {

/// Forks: the calling process has one thread, and no port. Throws std::runtime_error where the two
/// fail; they have said why.
Findings measure(const Case& what, const Lengths& lengths);

}  // namespace muster::bench
