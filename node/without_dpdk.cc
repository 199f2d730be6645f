#include "node/errors.h"
#include "node/open_port.h"

namespace muster {

OpenPort open_dpdk_port(const NodeConfig&, const Endpoint&) {
  throw StartError(
      "this muster was built without DPDK: set transport = \"socket\", or build it with "
      "-Ddpdk=enabled");
}

}  // namespace muster
