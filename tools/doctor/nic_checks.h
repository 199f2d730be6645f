// What the doctor says of each NIC.
#pragma once

#include <vector>

#include "dpdk_transport/nic_facts.h"
#include "tools/doctor/finding.h"

namespace muster::doctor {

/// One for each that a member could be given: the way to it that would be chosen, why, and what is
/// better. `kernel_way_ns` is what the way through the kernel takes here.
std::vector<Finding> diagnose_nics(const dpdk::NicFacts& facts, DurationNs kernel_way_ns);

}  // namespace muster::doctor
