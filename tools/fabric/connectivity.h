// Which ports reach which: partitions into groups, and cuts in one direction.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "tools/fabric/counters.h"
#include "tools/fabric/frame_info.h"

namespace muster::fabric {

class Connectivity {
 public:
  /// Ports of different groups do not reach each other. Ports that no group names form one
  /// more group. Takes the place of an earlier partition; cuts stay.
  void partition(std::span<const PortSet> groups);
  /// Nothing passes from `from` to `to`; the other direction is untouched.
  void cut(PortIndex from, PortIndex to) { cut_[from] |= only(to); }
  /// Ends the partition and every cut.
  void heal() { *this = Connectivity(); }

  /// Why nothing passes from `from` to `to`, or nothing where it does.
  std::optional<Drop> barrier(PortIndex from, PortIndex to) const;

 private:
  std::array<PortSet, ports_max> apart_{};  ///< the ports of other groups
  std::array<PortSet, ports_max> cut_{};
};

inline void Connectivity::partition(std::span<const PortSet> groups) {
  PortSet named = 0;
  for (const PortSet group : groups) named |= group;
  for (PortIndex port = 0; port < ports_max; ++port) {
    PortSet together = ~named;
    for (const PortSet group : groups)
      if (contains(group, port)) together = group;
    apart_[port] = ~together;
  }
}

inline std::optional<Drop> Connectivity::barrier(PortIndex from, PortIndex to) const {
  if (contains(apart_[from], to)) return Drop::partition;
  if (contains(cut_[from], to)) return Drop::cut;
  return std::nullopt;
}

}  // namespace muster::fabric
