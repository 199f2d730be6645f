// Every fault of the fabric, which stand around its ports and not in its logic.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/fabric/connectivity.h"
#include "tools/fabric/drop_rules.h"
#include "tools/fabric/faulty_link.h"

namespace muster::fabric {

/// A member's link in its two directions: `in` is what it sends (lost there, nobody gets it),
/// `out` is what it receives (lost there, only this member misses it).
struct PortLink {
  FaultyLink in;
  FaultyLink out;
};

struct Faults {
  /// Each link has a generator of its own, so one link's traffic does not change what happens
  /// on another.
  Faults(std::size_t ports, std::uint64_t seed) {
    Random seeds(seed);
    links.reserve(ports);
    for (std::size_t port = 0; port < ports; ++port) {
      const std::uint64_t in = seeds.next();
      links.push_back({FaultyLink(in), FaultyLink(seeds.next())});
    }
  }

  std::vector<PortLink> links;
  Connectivity connectivity;
  DropRules rules;
};

}  // namespace muster::fabric
