// `muster fabric`: runs the virtual switch, and changes one that runs.
#pragma once

#include "tools/cli.h"

namespace muster::fabric {

void add_command(CLI::App& app, Action& chosen);

}  // namespace muster::fabric
