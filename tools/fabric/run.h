// Runs the virtual switch.
#pragma once

#include "tools/fabric/options.h"

namespace muster::fabric {

/// Until SIGINT or SIGTERM (or, supervised, until standard input closes); prints a line when
/// members can connect. Gives the exit status. Throws UsageError or StartError, and then leaves
/// nothing behind.
int run_fabric(const FabricOptions& options);

}  // namespace muster::fabric
