// A link that loses, doubles, delays and reorders what crosses it: a decorator of one direction
// of one port.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cluster/config.h"
#include "cluster/random.h"
#include "cluster/types.h"

namespace muster::fabric {

struct LinkFaults {
  double loss = 0;          ///< probability that a frame is lost
  double duplicate = 0;     ///< probability that a frame arrives twice
  double reorder = 0;       ///< probability that a copy is held back, so that later ones pass it
  DurationNs delay_ns = 0;  ///< of every frame
  DurationNs reorder_delay_ns = 1 * ms;  ///< a copy is held back up to this long
  friend bool operator==(const LinkFaults&, const LinkFaults&) = default;
};

/// When the copies of one frame come out; none: it is lost.
struct Arrivals {
  std::array<TimeNs, 2> when{};
  std::size_t count = 0;
  const TimeNs* begin() const { return when.data(); }
  const TimeNs* end() const { return when.data() + count; }
};

/// Its decisions follow from its seed, its faults and how many frames crossed it, and from no
/// other link.
class FaultyLink {
 public:
  explicit FaultyLink(std::uint64_t seed) : random_(seed) {}

  LinkFaults& faults() { return faults_; }
  const LinkFaults& faults() const { return faults_; }

  Arrivals pass(TimeNs now);

 private:
  bool happens(double probability);

  LinkFaults faults_;
  Random random_;
};

}  // namespace muster::fabric
