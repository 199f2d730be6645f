// The subcommands of `muster fabric` that change or ask a switch that runs.
#pragma once

#include <memory>

#include "tools/cli.h"
#include "tools/fabric/options.h"

namespace muster::fabric {

/// Each talks to the control socket of `options`, which the command line fills in.
void add_client_commands(CLI::App& fabric, const std::shared_ptr<const FabricOptions>& options,
                         Action& chosen);

}  // namespace muster::fabric
