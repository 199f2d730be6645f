// Where each station was last heard: MAC address -> port.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "cluster/types.h"
#include "tools/fabric/frame_info.h"

namespace muster::fabric {

/// Holds a bounded number of stations in sets of four, as switch silicon does: a full set
/// forgets the station that was silent longest. Allocates at construction only.
class LearningTable {
 public:
  /// Room for at least `stations_max`; one that was silent for `age_ns` is forgotten.
  LearningTable(std::size_t stations_max, DurationNs age_ns);

  /// `station` was heard at `port`. A multicast address is nobody's, and is not learned.
  void learn(Mac station, PortIndex port, TimeNs now);
  /// Nothing for a station that is unknown, or was silent too long.
  std::optional<PortIndex> find(Mac station, TimeNs now) const;

 private:
  struct Entry {
    Mac station = 0;
    TimeNs heard = 0;
    PortIndex port = 0;
    bool used = false;
  };
  using Set = std::array<Entry, 4>;

  bool lives(const Entry& entry, TimeNs now) const;
  std::size_t set_of(Mac station) const;

  std::vector<Set> sets_;  ///< a power of two
  DurationNs age_ns_;
};

}  // namespace muster::fabric
