// From what a machine is and does to what stands between it and low latency.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/doctor/finding.h"
#include "tools/doctor/firewall.h"
#include "tools/doctor/machine.h"
#include "tools/doctor/measurements.h"

namespace muster::doctor {

/// Of the member that shall run here.
struct Needs {
  std::uint64_t memory_bytes = std::uint64_t{64} << 20;  ///< DPDK's
  std::uint16_t port = 7777;
  measure::Cores cores;  ///< where its threads run, and what was measured
};

/// One for each thing looked at. Makes no call of its own.
std::vector<Finding> diagnose(const Machine& machine, const std::optional<Firewall>& firewall,
                              const Measurements& measured, const Needs& needs);

/// What cuts off first, then by cost, what is fine last.
void put_in_order(std::vector<Finding>& findings);

}  // namespace muster::doctor
