// Reads every byte that a parsed packet's views reach, so that a sanitizer sees each of them.
#pragma once

#include <cstdint>

#include "cluster/wire/parse.h"

namespace muster::fuzz {

/// A number that depends on all of it.
std::uint64_t walk(const wire::Parsed& packet);

}  // namespace muster::fuzz
