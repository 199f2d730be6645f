// What the doctor says of where a member's threads run.
#pragma once

#include <cstdint>
#include <vector>

#include "node/core_choice.h"
#include "tools/doctor/finding.h"

namespace muster::doctor {

/// Of a pipelined member with these cores, if it has any, and so many I/O threads. `usable` are the
/// cores that it may run on.
Finding diagnose_places(const CoresConfig& cores, std::size_t io_threads, const PortPlace& port,
                        const Topology& topology, const std::vector<std::uint32_t>& usable);

}  // namespace muster::doctor
