// Who answers a member that joins its cluster from here, how fast, and whether long packets arrive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "node/config.h"
#include "tools/doctor/finding.h"

namespace muster::doctor {

struct Met {
  std::string name;
  std::string endpoint;
  std::optional<DurationNs> round_trip_ns;  ///< the shortest of some; none: one was not answered
  bool long_packets = false;                ///< those of the full mtu arrive there
};

struct Meeting {
  std::string cluster;
  std::string way;  ///< of the port, as PortInfo::way
  std::uint32_t mtu = 0;
  std::vector<Met> members;
  std::string refused{};  ///< why it could not join: one sentence with the remedy; else empty
};

/// Joins as the configured member would, by the name NAME-doctor, so that others see one come and
/// leave; takes some seconds. The configured member must not run: its port is used.
Meeting meet(NodeConfig config);

/// Makes no call of its own.
std::vector<Finding> diagnose_meeting(const Meeting& meeting);

}  // namespace muster::doctor
