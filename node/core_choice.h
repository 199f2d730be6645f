// Where the I/O threads of a node run, and what of that costs latency.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interfaces/topology.h"
#include "node/config.h"

namespace muster {

/// The NIC of a port.
struct PortPlace {
  std::string name;         ///< as people know it: "0000:17:00.0", "eth1"
  std::optional<int> node;  ///< nothing: the machine does not say, or all is equally near
};

/// Up to so many of the cores near the port that are `usable` and `fit`, none of them one that is
/// taken, or a sibling of another.
std::vector<std::uint32_t> cores_near(const PortPlace& port, std::size_t count,
                                      const Topology& topology,
                                      const std::vector<std::uint32_t>& usable,
                                      bool (*fit)(const CorePlace&),
                                      std::optional<std::uint32_t> taken = {});

/// For each of so many queues a core: those that were asked for; or isolated ones of `usable` on
/// the port's node, none of them taken by the engine or a sibling of another; or none.
std::vector<std::uint32_t> choose_io_cores(const CoresConfig& asked, std::size_t queues,
                                           const PortPlace& port, const Topology& topology,
                                           const std::vector<std::uint32_t>& usable);

/// What costs latency where the I/O threads run on `io` and the engine where it was asked to, a
/// sentence each, with what would be better.
std::vector<std::string> cautions_of(const std::vector<std::uint32_t>& io,
                                     std::optional<std::uint32_t> engine, const PortPlace& port,
                                     const Topology& topology);

}  // namespace muster
