// What `muster fabric` is told on its command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cluster/mtu.h"
#include "tools/fabric/faulty_link.h"

namespace muster::fabric {

struct FabricOptions {
  std::string socket;   ///< where members connect
  std::string control;  ///< where the switch is changed and asked
  std::string capture;  ///< empty: nothing is captured
  std::size_t ports = 4;
  std::uint32_t mtu = mtu_default;  ///< longer packets are dropped
  std::uint64_t seed = 1;
  LinkFaults faults;        ///< of every link, in the direction to the member
  bool supervised = false;  ///< end when standard input closes
};

}  // namespace muster::fabric
